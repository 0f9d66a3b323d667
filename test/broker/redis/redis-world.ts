import type { Broker, Entry } from 'message-flow/broker';
import { type BrokerFaults, type ConformanceCase, conformance } from 'message-flow/broker/conformance';
import { createRedisBroker, type RedisBrokerOptions } from 'message-flow/broker/redis';
import type { EncodedJson, LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

/** Where a broker's account may go, and what it may do there; `docs/redis.md` has it for whoever sets up a server. */
export const PLACES = ['resetkeys', 'resetchannels', '~flow:*', '&flow:*'];
export const COMMANDS = [
  ...['fcall', 'info', 'hmget', 'hset', 'get', 'set', 'del', 'pexpire', 'time', 'rpush', 'lpop', 'lindex', 'llen'],
  ...['lrange', 'spublish', 'ssubscribe', 'sunsubscribe'],
];
export const RIGHTS: readonly string[] = [...PLACES, ...COMMANDS.map((command) => `+${command}`)];

/** Starts a server that ends with the test. */
export async function openServer(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedisServer(options);
  onTestFinished(() => server.remove());
  return server;
}

/** Longest wait, on a noisy machine, for an answer that comes. */
const PATIENCE_MS = 20_000;

/** Makes a broker that is patient, but for what its options say. */
function createPatientBroker(url: string, options: RedisBrokerOptions = {}): Broker {
  return createRedisBroker(new URL(url), { timeoutMs: PATIENCE_MS, ...options });
}

/** All claims of the suite, on such brokers. */
export function claimsOf(getUrl: () => string, faults: BrokerFaults): ConformanceCase[] {
  return conformance(() => createPatientBroker(getUrl()), faults, { patienceMs: PATIENCE_MS });
}

/** Makes a patient broker that is closed with the test. */
export function openBroker(url: string, options?: RedisBrokerOptions): Broker {
  const broker = createPatientBroker(url, options);
  onTestFinished(() => broker.close());
  return broker;
}

/** Appends one entry for each key, and gives the position of the last. */
export async function say(broker: Broker, log: LogName, ...keys: readonly string[]): Promise<Position> {
  let at: Position | null = null;
  for (const key of keys) at = await broker.append(log, { key, event: 'said', data: '1' as EncodedJson });
  return at as Position;
}

/** The keys that a log keeps. */
export async function keysOf(broker: Broker, log: LogName): Promise<string[]> {
  return (await broker.read(log, 'start', 10_000)).entries.map(({ key }) => key);
}

/** Tails a log; what it hears is in the list. */
export async function listen(broker: Broker, log: LogName): Promise<readonly Entry[]> {
  const heard: Entry[] = [];
  await broker.tail(log, (entry) => void heard.push(entry));
  return heard;
}

/** The faults of the conformance suite, done to a real server. */
export function createFaults(admin: RedisServer['admin']): BrokerFaults {
  return {
    async cutLive() {
      await admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    async trim(_, log) {
      await admin('PEXPIRE', `flow:{${log}}:entries`, 1);
      await until(async () => (await admin('EXISTS', `flow:{${log}}:entries`)) === 0, 'the entries to expire');
    },
    async reset(broker) {
      await admin('FLUSHALL');
      return broker;
    },
  };
}

/** What a call rejects with. */
export async function faultOf(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  return call.then(
    (value) => {
      throw new Error(`it resolved: ${JSON.stringify(value)}`);
    },
    (error) => ({ code: error.code, message: error.message }),
  );
}
