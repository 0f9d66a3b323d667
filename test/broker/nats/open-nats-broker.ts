import { randomUUID } from 'node:crypto';
import type { Broker } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { readNatsAddress } from '../../../src/broker/nats/nats-address.ts';
import { createNatsBroker, type NatsBrokerOptions } from '../../../src/broker/nats/nats-broker.ts';

/** Longest wait for what a server does in its own time, on a noisy machine. */
export const PATIENCE_MS = 30_000;
/** Longest time for a test that starts servers. */
export const TIMEOUT_MS = 120_000;

/** Makes a broker that is closed with the test. It is patient, but for what its options say. */
export function openNatsBroker(url: string, options: NatsBrokerOptions = {}): Broker {
  const broker = createNatsBroker(readNatsAddress(new URL(url), {}), { callTimeoutMs: PATIENCE_MS, ...options });
  onTestFinished(() => broker.close());
  return broker;
}

/** A broker with streams of its own. */
export interface LoneBroker {
  readonly broker: Broker;
  /** What its streams begin with. */
  readonly prefix: string;
  /** For another broker on the same streams. */
  readonly url: string;
  /** Appends one entry for each key, each after the one before it was taken; gives their places. */
  say(log: LogName, ...keys: readonly string[]): Promise<readonly Position[]>;
}

/** Makes a broker on streams that nobody used before. */
export function openLoneBroker({ url: server }: { readonly url: string }, options: NatsBrokerOptions = {}): LoneBroker {
  const prefix = `alone-${randomUUID().slice(0, 8)}`;
  const url = `${server}?prefix=${prefix}`;
  const broker = openNatsBroker(url, options);
  return {
    broker,
    prefix,
    url,
    async say(log, ...keys) {
      const places: Position[] = [];
      for (const key of keys) places.push((await broker.append(log, entryOf(key))) as Position);
      return places;
    },
  };
}
