import type { Broker } from 'message-flow/broker';
import { onTestFinished } from 'vitest';
import { readNatsAddress } from '../../../src/broker/nats/nats-address.ts';
import { createNatsBroker, type NatsBrokerOptions } from '../../../src/broker/nats/nats-broker.ts';

/** Longest wait for what a server does in its own time, on a noisy machine. */
export const PATIENCE_MS = 30_000;
/** Longest time for a test that starts servers. */
export const TIMEOUT_MS = 60_000;

/** Makes a broker that is closed with the test. It is patient, but for what its options say. */
export function openNatsBroker(url: string, options: NatsBrokerOptions = {}): Broker {
  const broker = createNatsBroker(readNatsAddress(new URL(url), {}), { callTimeoutMs: PATIENCE_MS, ...options });
  onTestFinished(() => broker.close());
  return broker;
}
