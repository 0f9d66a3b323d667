import { randomBytes } from 'node:crypto';
import { findPositionParts, type LogName, tagOf } from '../../protocol/index.ts';
import type { Broker } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { encodeEntry } from '../entry-text.ts';
import { processClock } from '../process-clock.ts';
import { createRetention, type RetentionOptions } from '../retention.ts';
import { readRedisUrl } from './address.ts';
import { createCalls } from './calls.ts';
import { createConnections } from './connections.ts';
import { createDescribeFault } from './fault.ts';
import { createHealthWatch } from './health.ts';
import { createLiveEnd } from './live-end.ts';
import { loadIoredis } from './load-ioredis.ts';
import { findLogOfChannel, nameChannel, nameLogKeys, nameSaidKey } from './log-names.ts';
import { findPlace, findReading, findTop } from './log-reply.ts';
import { createSlots } from './slots.ts';
import { findLiveEntry } from './stored-entry.ts';

/** How a broker on Redis is made. */
export interface RedisBrokerOptions extends RetentionOptions {
  /** Allows a server on another machine without a password. @default false */
  readonly development?: boolean;
  /** How long a key is remembered, in milliseconds. @default 600_000 */
  readonly keyWindowMs?: number;
  /** How long connecting, and a server that was asked, may take, in milliseconds. @default 3_000 */
  readonly timeoutMs?: number;
  /**
   * How often the live end is tried, in milliseconds. What goes silent is found out after this and `timeoutMs` at the
   * latest, then its followers are told. @default 5_000
   */
  readonly probeIntervalMs?: number;
}

/** How long the end of a quiet log is remembered, so that quiet is no gap. */
const KEEP_TOP_MS = 30 * 24 * 3_600_000;
/** What Redis takes for a bound that is none; some thousand years. */
const NO_BOUND = 2 ** 47;

/**
 * Keeps logs in Redis 7: in one server, under Sentinel, or in a cluster. `docs/delivery.md` says what an
 * acknowledged entry survives there. Connects by itself, now and after every loss, and never throws for it.
 * @throws {RangeError} when the URL names no place, or asks for what is unsafe
 * @throws {BrokerError} `refused` where the package `ioredis` is not installed
 */
export function createRedisBroker(url: URL, options: RedisBrokerOptions = {}): Broker {
  const { development = false, keyWindowMs = 600_000, timeoutMs = 3_000, probeIntervalMs = 5_000 } = options;
  const address = readRedisUrl(url, { isDevelopment: development });
  const isCluster = address.type === 'cluster';
  const retentionOf = createRetention(options);
  const connections = createConnections(loadIoredis(), address, timeoutMs);
  const secrets = [
    address.account.password,
    ...(address.type === 'sentinel' ? [address.sentinelAccount.password] : []),
  ];
  const describe = createDescribeFault(secrets);
  const calls = createCalls(connections, { clock: processClock, timeoutMs, describe });
  const slots = createSlots(calls);
  const health = createHealthWatch(calls, isCluster, Date.now);
  const listeners = new Set<(logs: readonly LogName[]) => void>();
  let closing: Promise<unknown> | undefined;

  const liveEnd = createLiveEnd({
    clock: processClock,
    probeIntervalMs,
    timeoutMs,
    open: connections.openLive,
    find: isCluster ? slots.find : async () => '',
    refresh: isCluster ? slots.refresh : async () => {},
    publish: calls.publish,
    onInterrupted(channels) {
      const logs = channels.map(findLogOfChannel).filter((log) => log !== undefined);
      if (closing === undefined) for (const listener of listeners) listener(logs);
    },
  });

  /** What every call of the library is told: an epoch for a log that has none, and how long its end is kept. */
  function sharedArgs(log: LogName): [epoch: string, keepTopMs: number] {
    return [randomBytes(9).toString('base64url'), Math.max(KEEP_TOP_MS, boundOf(retentionOf(log).maxAgeMs))];
  }

  return {
    capabilities: { durable: true, interest: true, keyWindowMs },
    async append(log, entry) {
      const doing = `append to log "${log}"`;
      const { maxEntries, maxBytes, maxAgeMs } = retentionOf(log);
      const keys = [...nameLogKeys(log), nameSaidKey(log, entry.key)];
      const bounds = [maxEntries, maxBytes, maxAgeMs, keyWindowMs].map(boundOf);
      const args = [...sharedArgs(log), tagOf(entry.key), encodeEntry(entry), nameChannel(log, address.db), ...bounds];
      return getSaid(doing, findPlace(await calls.run(doing, 'append', keys, args)));
    },
    async read(log, after, limit) {
      const doing = `read log "${log}"`;
      const offset = after === 'start' ? 0 : findPositionParts(after)?.offset;
      const args = [...sharedArgs(log), offset ?? 0, offset === undefined ? 0 : limit];
      return getSaid(doing, findReading(log, after, await calls.run(doing, 'read', nameLogKeys(log), args)));
    },
    async tail(log, onEntry) {
      const doing = `tail log "${log}"`;
      try {
        if (closing !== undefined) throw calls.explain(doing, undefined);
        const stop = await liveEnd.listen(nameChannel(log, address.db), (text) => {
          const entry = findLiveEntry(text);
          if (entry) onEntry(entry);
        });
        if (closing !== undefined) throw calls.explain(doing, undefined); // closed while it waited
        return stop;
      } catch (error) {
        throw calls.explain(doing, error);
      }
    },
    async tops(logs) {
      const tops = logs.map(async (log) => {
        const doing = `find the end of log "${log}"`;
        return [
          log,
          getSaid(doing, findTop(await calls.run(doing, 'top', nameLogKeys(log), sharedArgs(log)))),
        ] as const;
      });
      return new Map(await Promise.all(tops));
    },
    on(_, listener) {
      const told = (logs: readonly LogName[]) => listener(logs);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    health: () => health.check(),
    async close() {
      closing ??= Promise.all([liveEnd.close(), calls.close()]);
      await closing;
    },
  };
}

function boundOf(bound: number): number {
  return Math.min(Math.ceil(bound), NO_BOUND);
}

function getSaid<T>(doing: string, said: T | undefined): T {
  if (said === undefined)
    throw new BrokerError('refused', `Cannot ${doing}: Redis holds something else under its keys`);
  return said;
}
