import type { Clock, LogName, Stop } from '../protocol/index.ts';
import type { Broker, Entry } from './broker.ts';
import { BrokerError } from './broker-error.ts';
import { createKeptLog, type KeptLog } from './kept-log.ts';
import { processClock } from './process-clock.ts';
import { createRetention, type RetentionOptions } from './retention.ts';

/** How a memory broker is made. */
export interface MemoryBrokerOptions extends RetentionOptions {
  /** The identity of this broker's numbering. @default random */
  readonly epoch?: string;
  /** How long a key is remembered, in milliseconds. @default 600_000 */
  readonly keyWindowMs?: number;
  /** Wall-clock time, in milliseconds since 1970; retention counts in it. @default Date.now */
  readonly wallClock?: () => number;
  /** Where its timer runs. @default the process's own, which does not keep the process alive */
  readonly after?: Clock['after'];
}

const SWEEP_INTERVAL_MS = 60_000;
/** How long the end of a quiet log is remembered, so that quiet is no gap. */
const KEEP_TOP_MS = 30 * 24 * 3_600_000;

/**
 * Keeps logs in this process: for developing and for small apps. A restart is a new epoch, so every follower is told.
 * Appends are delivered in the same turn; `tail` loses nothing and is never interrupted.
 */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): Broker {
  const { keyWindowMs = 600_000, wallClock = Date.now, after = processClock.after } = options;
  const epoch = options.epoch ?? createEpoch();
  const retentionOf = createRetention(options);
  const logs = new Map<LogName, KeptLog>();
  const tails = new Map<LogName, Set<(entry: Entry) => void>>();
  const since = wallClock();
  /** The highest end of a log that was forgotten: new logs are numbered from here, so that no offset is used twice. */
  let floor = 0;
  let isClosed = false;
  const undelivered: { readonly name: LogName; readonly entry: Entry }[] = [];
  let isDelivering = false;
  let stopSweep: Stop = after(SWEEP_INTERVAL_MS, sweep);

  /** A log, or an empty one where there is none: to ask after a log does not make it, or asking would cost memory. */
  function logOf(name: LogName): KeptLog {
    if (isClosed) throw new BrokerError('closed', `Cannot use log "${name}": the memory broker is closed`);
    return logs.get(name) ?? createKeptLog(name, epoch, floor, retentionOf(name), keyWindowMs);
  }

  function makeLog(name: LogName): KeptLog {
    const log = logOf(name);
    logs.set(name, log);
    return log;
  }

  /** Delivers to all who follow before the next: a follower that appends while it hears would else overtake the others. */
  function deliver(name: LogName, entry: Entry): void {
    undelivered.push({ name, entry });
    if (isDelivering) return;
    isDelivering = true;
    try {
      for (let next = undelivered.shift(); next; next = undelivered.shift()) {
        for (const onEntry of tails.get(next.name) ?? []) onEntry(next.entry);
      }
    } finally {
      isDelivering = false;
    }
  }

  function sweep(): void {
    const now = wallClock();
    for (const [name, log] of logs) {
      const isEmpty = log.trim(now);
      if (!isEmpty || now - log.touchedAt < KEEP_TOP_MS || tails.has(name)) continue;
      floor = Math.max(floor, Number(log.top().split(':')[1]));
      logs.delete(name);
    }
    stopSweep = after(SWEEP_INTERVAL_MS, sweep);
  }

  return {
    capabilities: { durable: false, interest: true, keyWindowMs },
    epoch,
    async append(name, entry) {
      const { at, added } = makeLog(name).append(entry, wallClock());
      if (added) deliver(name, added);
      return at;
    },
    read: async (name, position, limit) => logOf(name).read(position, limit, wallClock()),
    async tail(name, onEntry) {
      makeLog(name);
      const followers = tails.get(name) ?? new Set();
      tails.set(name, followers);
      // A wrapper of its own, so that following twice with one function is two tails.
      const follower = (entry: Entry) => onEntry(entry);
      followers.add(follower);
      return () => {
        followers.delete(follower);
        if (followers.size === 0 && tails.get(name) === followers) tails.delete(name);
      };
    },
    tops: async (names) => new Map(names.map((name) => [name, logOf(name).top()])),
    on: () => () => {},
    health: async () => (isClosed ? { ok: false, since, reason: 'closed' } : { ok: true, since }),
    async close() {
      isClosed = true;
      stopSweep();
      logs.clear();
      tails.clear();
    },
  };
}

function createEpoch(): string {
  return Math.random().toString(36).slice(2, 10) + Date.now().toString(36);
}
