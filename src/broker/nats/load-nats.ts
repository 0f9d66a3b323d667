import { createRequire } from 'node:module';
import { BrokerError } from '../broker-error.ts';

/** The package `@nats-io/transport-node`. */
export type Nats = typeof import('@nats-io/transport-node');

/**
 * Loads the package `@nats-io/transport-node`, which only those have who use it.
 * @throws {BrokerError} `refused` where it is not installed
 */
export function loadNats(): Nats {
  try {
    return createRequire(import.meta.url)('@nats-io/transport-node') as Nats;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const mend = isMissing
      ? 'the package "@nats-io/transport-node" is not installed: npm install @nats-io/transport-node@3'
      : 'the package "@nats-io/transport-node" does not load';
    throw new BrokerError('refused', `Cannot use NATS: ${mend}`, { cause });
  }
}
