import { type Broker, BrokerError, type Entry, type Reading } from 'message-flow/broker';
import { findPositionParts, type LogName, type StartPosition } from 'message-flow/protocol';
import type { World } from './world.ts';

/** A gateway's way to the engine: slow, failing, and with a live path that loses, repeats and overtakes itself. */
export interface SimulatedBroker extends Broker {
  /** Carries an entry to this gateway's tails, or loses it. */
  carry(log: LogName, entry: Entry): void;
  follows(log: LogName): boolean;
  /** The connection for live entries breaks and is made anew. Not hard: what was under way may still come, late. */
  cutLive(isHard: boolean): void;
  /** Nothing comes through for so long. */
  part(ms: number): void;
}

interface Link {
  /** No entry overtakes another on one connection. */
  dueMs: number;
  isDropped: boolean;
  /** Entries under way on it. */
  unread: number;
  /** Entries that are still lost, once one is. */
  lostCount: number;
}

/** Creates a way to the world's engine. */
export function createSimulatedBroker(
  { engine, plan, random, luck, timeline, rates, sabotage, count, trace }: World,
  name: string,
): SimulatedBroker {
  const tails = new Map<LogName, Set<(entry: Entry) => void>>();
  const listeners = new Set<(logs: readonly LogName[] | 'all') => void>();
  const former = new Map<LogName, Entry>();
  const reading = new Map<LogName, { count: number; shared?: Reading }>();
  const { habits } = plan;
  /** Logs of which the reader of the live end was overtaken. */
  const jumped = new Set<LogName>();
  let link = createLink();
  /** Former connections, which may still have entries under way. */
  let olderLinks: Link[] = [];
  let isAttached = true;
  let partedUntil = 0;

  function announce(logs: readonly LogName[] | 'all'): void {
    if (sabotage.isUnchecked) return;
    count('interrupted');
    trace?.(`${name} hears: interrupted ${logs}`);
    for (const listener of listeners) listener(logs);
  }

  function deliver(log: LogName, sent: Entry, by: Link): void {
    by.unread--;
    if (by.isDropped) return;
    if (habits.readsLive && engine.isGone(log, sent.at)) {
      jump(log);
      return;
    }
    if (by !== link) count('live entry of an older connection');
    const heard = jumped.delete(log) ? afterJump(sent, former.get(log)) : sent;
    const entry = sabotage.live ? sabotage.live(heard, former.get(log), reading.has(log)) : heard;
    if (!entry) return;
    former.set(log, sent);
    trace?.(`${name} gets live ${log} ${JSON.stringify(entry.previous)} -> ${entry.at}`);
    for (const onEntry of tails.get(log) ?? []) onEntry(entry);
  }

  /** What was to be read went: whoever reads on elsewhere has to say so. */
  function jump(log: LogName): void {
    count('live reader overtaken');
    jumped.add(log);
    if (!sabotage.isJumpUnseen) announce([log]);
  }

  function afterJump(sent: Entry, before: Entry | undefined): Entry {
    const parts = before && findPositionParts(before.at);
    const isTaken = sabotage.isJumpUnseen && parts;
    return { ...sent, previous: isTaken ? { offset: parts.offset, tag: parts.tag } : null };
  }

  /** An answer, after the way there and the way back; what happens at the engine happens between. */
  function call<T>(failure: number, what: string, ask: () => T): Promise<T> {
    const { maxMs } = plan.calls;
    return new Promise((resolve, reject) => {
      const [there, back] = [random.between(0, maxMs), random.between(0, maxMs)];
      const isLost = rates.isOn && random.chance(failure);
      timeline.at(timeline.now() + there, () => {
        // A tail is not proven to deliver while the connection for live entries is down.
        const isParted = timeline.now() < partedUntil || (what === 'tail' && !isAttached);
        if (isLost || isParted) {
          timeline.at(timeline.now() + (isParted ? 2_000 : back), () => {
            count(`${what} failed`);
            trace?.(`${name} ${what} fails`);
            reject(new BrokerError('unavailable', `Cannot ${what}: the simulated engine is away`));
            timeline.markSettled();
          });
          return;
        }
        const answer = ask();
        timeline.at(timeline.now() + back, () => {
          trace?.(`${name} ${what} is answered`);
          resolve(answer);
          timeline.markSettled();
        });
      });
    });
  }

  function attach(log: LogName, onEntry: (entry: Entry) => void): () => void {
    const followers = tails.get(log) ?? new Set();
    tails.set(log, followers);
    const add = () => void followers.add(onEntry);
    if (sabotage.attachDelayMs) timeline.at(timeline.now() + sabotage.attachDelayMs, add);
    else add();
    return () => {
      followers.delete(onEntry);
      if (followers.size === 0 && tails.get(log) === followers) tails.delete(log);
    };
  }

  function replaceLink(isHard: boolean): void {
    olderLinks.push(link);
    if (isHard) {
      for (const older of olderLinks) older.isDropped = true;
      olderLinks = [];
    }
    link = createLink();
    isAttached = false;
  }

  function attachAgain(isUntold = false): void {
    if (isAttached || timeline.now() < partedUntil) return;
    isAttached = true;
    if (!isUntold) announce('all');
  }

  function connectLater(isUntold = false): void {
    const mostMs = habits.reconnectMs ?? Math.min(plan.live.tailCheckMs, 1_000);
    timeline.at(timeline.now() + random.between(1, mostMs), () => attachAgain(isUntold));
  }

  /** Whether this entry finds no room: by rate, and then perhaps the next ones too. */
  function isLost(): boolean {
    if (link.lostCount > 0) {
      link.lostCount--;
      return true;
    }
    if (!rates.isOn || !random.chance(plan.live.loss)) return false;
    if (habits.losesInBursts) link.lostCount = luck.between(0, 8);
    return true;
  }

  function readNow(log: LogName, after: StartPosition, limit: number): Reading {
    const found = sabotage.read ? sabotage.read(engine, log, after, limit) : engine.read(log, after, limit);
    const ends = `${found.entries[0]?.at ?? ''}..${found.entries.at(-1)?.at ?? ''} (${found.entries.length})`;
    trace?.(`${name} read ${log} after ${after}: ${ends} top ${found.top} ${found.gap ?? ''}`);
    return found;
  }

  return {
    capabilities: { durable: true, interest: true, keyWindowMs: 600_000 },
    append: () => Promise.reject(new BrokerError('refused', 'Cannot append: a gateway only reads here')),
    async read(log, after, limit) {
      const state = reading.get(log) ?? { count: 0 };
      reading.set(log, state);
      state.count++;
      try {
        return await call(plan.calls.readFailure, 'read', () => {
          if (!sabotage.isReadShared) return readNow(log, after, limit);
          state.shared ??= readNow(log, after, limit);
          return state.shared;
        });
      } finally {
        if (--state.count === 0) reading.delete(log);
      }
    },
    tail: (log, onEntry) => call(plan.calls.tailFailure, 'tail', () => attach(log, onEntry)),
    tops: (logs) => call(plan.calls.topsFailure, 'tops', () => new Map(logs.map((log) => [log, engine.top(log)]))),
    on(_, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: async () => ({ ok: true, since: 0 }),
    async close() {
      tails.clear();
      listeners.clear();
      replaceLink(true);
    },
    follows: (log) => tails.has(log),
    carry(log, entry) {
      if (!tails.has(log) || !isAttached) return;
      const now = timeline.now();
      const { repeat, maxDelayMs, tailCheckMs } = plan.live;
      if (isLost()) {
        count('live entry lost');
        trace?.(`${name} loses live ${log} ${entry.at}`);
        timeline.at(now + random.between(1, tailCheckMs), () => announce([log]));
        return;
      }
      if (link.unread >= (habits.maxUnread ?? Number.POSITIVE_INFINITY)) {
        count('slow reader cut');
        replaceLink(true);
        connectLater(sabotage.isCutUntold);
        return;
      }
      const by = link;
      by.unread++;
      by.dueMs = Math.max(now + random.between(0, maxDelayMs), by.dueMs);
      timeline.at(by.dueMs, () => deliver(log, entry, by));
      if (!rates.isOn || !random.chance(repeat)) return;
      count('live entry repeated');
      by.unread++;
      timeline.at(by.dueMs + random.between(0, 300), () => deliver(log, entry, by));
    },
    cutLive(isHard) {
      replaceLink(isHard || habits.reconnectMs !== undefined);
      connectLater();
    },
    part(ms) {
      partedUntil = Math.max(partedUntil, timeline.now() + ms);
      replaceLink(true);
      timeline.at(partedUntil, () => attachAgain());
    },
  };
}

function createLink(): Link {
  return { dueMs: 0, isDropped: false, unread: 0, lostCount: 0 };
}
