import { loadDriver } from '../load-driver.ts';

/** The package `ioredis`. */
export type Ioredis = typeof import('ioredis');

/**
 * Loads the package `ioredis`, which only those have who use it.
 * @throws {BrokerError} `refused` where it is not installed
 */
export function loadIoredis(): Ioredis {
  return loadDriver('Redis', 'ioredis', 6) as Ioredis;
}
