import process from 'node:process';
import { BrokerError } from '../broker-error.ts';
import { loadDriver } from '../load-driver.ts';

/** The package `zeromq`. */
export type Zeromq = typeof import('zeromq');

/**
 * Loads the package `zeromq`, which only those have who use it.
 * @throws {BrokerError} `refused` on Bun, and where the package is not installed
 */
export function loadZeromq(): Zeromq {
  // Asked first: its native module ends Bun's whole process while it is loaded ("unsupported uv function").
  if (process.versions.bun !== undefined) {
    throw new BrokerError(
      'refused',
      'Cannot use ZeroMQ on Bun: the package "zeromq" runs on Node only; run this program on Node',
    );
  }
  return loadDriver('ZeroMQ', 'zeromq', 6) as Zeromq;
}
