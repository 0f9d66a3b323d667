import { randomUUID } from 'node:crypto';
import type { Broker } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { readAmqpAddress } from '../../../src/broker/rabbitmq/amqp-address.ts';
import { createRabbitmqBroker, type RabbitmqBrokerOptions } from '../../../src/broker/rabbitmq/rabbitmq-broker.ts';

/** Longest wait for what a server does in its own time, on a noisy machine. */
export const PATIENCE_MS = 60_000;
/** Longest time for a test, and for the start of a server. */
export const TIMEOUT_MS = 240_000;

/** Makes a broker that is closed with the test. It is patient, but for what its options say. */
export function openRabbitmqBroker(url: string, options: RabbitmqBrokerOptions = {}): Broker {
  const broker = createRabbitmqBroker(readAmqpAddress(new URL(url), {}), { callTimeoutMs: PATIENCE_MS, ...options });
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
export function openLoneBroker(
  { url: server }: { readonly url: string },
  options: RabbitmqBrokerOptions = {},
): LoneBroker {
  const prefix = `alone-${randomUUID().slice(0, 8)}`;
  const url = `${server}?prefix=${prefix}`;
  const broker = openRabbitmqBroker(url, options);
  return { broker, prefix, url, say: (log, ...keys) => say(broker, log, ...keys) };
}

/** Appends one entry for each key, each after the one before it was taken; gives their places. */
export async function say(broker: Broker, log: LogName, ...keys: readonly string[]): Promise<readonly Position[]> {
  const places: Position[] = [];
  for (const key of keys) places.push((await broker.append(log, entryOf(key))) as Position);
  return places;
}
