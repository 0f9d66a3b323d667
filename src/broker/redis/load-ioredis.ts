import { createRequire } from 'node:module';
import { BrokerError } from '../broker-error.ts';

/** The package `ioredis`. */
export type Ioredis = typeof import('ioredis');

/**
 * Loads the package `ioredis`, which only those have who use it.
 * @throws {BrokerError} `refused` where it is not installed
 */
export function loadIoredis(): Ioredis {
  try {
    return createRequire(import.meta.url)('ioredis') as Ioredis;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const mend = isMissing
      ? 'the package "ioredis" is not installed: npm install ioredis@6'
      : 'the package "ioredis" does not load';
    throw new BrokerError('refused', `Cannot use Redis: ${mend}`, { cause });
  }
}
