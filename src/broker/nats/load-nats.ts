import { loadDriver } from '../load-driver.ts';

/** The package `@nats-io/transport-node`. */
export type Nats = typeof import('@nats-io/transport-node');

/**
 * Loads the package `@nats-io/transport-node`, which only those have who use it.
 * @throws {BrokerError} `refused` where it is not installed
 */
export function loadNats(): Nats {
  return loadDriver('NATS', '@nats-io/transport-node', 3) as Nats;
}
