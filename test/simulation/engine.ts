import type { Entry, NewEntry, Reading } from 'message-flow/broker';
import {
  encodeJson,
  findPositionParts,
  formatPosition,
  type LogName,
  type Position,
  type StartPosition,
  tagOf,
} from 'message-flow/protocol';
import { createKeptLog, type KeptLog } from '../../src/broker/kept-log.ts';
import type { Fact, KeptCause } from './history.ts';
import { createNumbering } from './numbering.ts';
import type { Plan } from './plan.ts';
import type { SeededRandom } from './random.ts';

/** What all simulated brokers share: the logs themselves, and the ways in which real engines spoil them. */
export interface Engine {
  /** Stores an entry, or finds the one of its key; tells the listeners of what is new. */
  store(log: LogName, entry: NewEntry): Position;
  read(log: LogName, after: StartPosition, limit: number): Reading;
  top(log: LogName): Position;
  /** Drops all but the newest entries. */
  trim(log: LogName, leftCount: number): void;
  /** Goes back to an older state: what came after is lost, and its offsets are used again. */
  rollBack(log: LogName, lostCount: number): void;
  /** Begins anew with nothing, in another epoch. */
  restart(log: LogName): void;
  /** Forgets a log of which only the end is left; false when something is, or the engine forgets none. */
  expire(log: LogName): boolean;
  /** True where a follower of a position has all that the log has. */
  isEnd(log: LogName, at: Position): boolean;
  /** True when nothing is kept at a position. */
  isGone(log: LogName, at: Position): boolean;
  /** Tells where empty logs end, where that moves without them. */
  settleEnds(): void;
  onStored(listener: (log: LogName, entry: Entry) => void): void;
}

interface Stored {
  readonly entry: NewEntry;
  readonly ts: number;
}

/** A log with our own account of what it keeps, told as facts: `KeptLog` is judged by the checker, not trusted. */
interface Log {
  readonly name: LogName;
  kept: KeptLog;
  epoch: string;
  base: number;
  /** Since `base`, trimmed ones too: what a rollback begins again from. */
  stored: Stored[];
  /** How many of them are trimmed. */
  trimmed: number;
  /** Bytes of the others. */
  keptBytes: number;
  /** Places and keys of what rollbacks took. */
  readonly lost: Set<string>;
  readonly retention: { maxEntries: number; maxBytes: number; maxAgeMs: number };
}

/** What engines are made of. */
export interface EngineOptions {
  readonly plan: Plan;
  readonly random: SeededRandom;
  /** The chance of what only this engine does. */
  readonly luck: SeededRandom;
  readonly now: () => number;
  readonly note: (fact: Fact) => void;
  /** How long keys are remembered; longer than any publisher says one again. */
  readonly keyWindowMs: number;
  /** Keys go with their entries. */
  readonly forgetsKeys: boolean;
  /** Lets a key that was lost and is said again come to the place that it had. */
  readonly takesOldPlaces: boolean;
}

/** Creates an engine with empty logs. */
export function createEngine({ plan, random, now, note, keyWindowMs, takesOldPlaces }: EngineOptions): Engine {
  const { stride, firstOffset } = plan.engine;
  const numbering = createNumbering(plan.engine, random);
  const logs = new Map<LogName, Log>();
  const listeners: ((log: LogName, entry: Entry) => void)[] = [];
  let epochCount = 0;
  let otherCount = 0;

  function begin(log: Log, epoch: string, base: number): void {
    log.kept = createKeptLog(log.name, epoch, base, log.retention, keyWindowMs);
    [log.epoch, log.base, log.stored, log.trimmed, log.keptBytes] = [epoch, base, [], 0, 0];
  }

  function logOf(name: LogName): Log {
    let log = logs.get(name);
    if (!log) {
      log = { name, retention: { ...plan.retention }, lost: new Set() } as Log;
      begin(log, `e${++epochCount}`, firstOffset);
      logs.set(name, log);
      tell(log, 'created');
    }
    return log;
  }

  function placeOf(log: Log, count: number): Position {
    const entry = log.stored[count - 1]?.entry;
    return formatPosition({
      epoch: log.epoch,
      offset: (log.base + count) * stride,
      tag: entry ? tagOf(entry.key) : '',
    });
  }

  function tell(log: Log, cause: KeptCause): void {
    const [after, top] = [placeOf(log, log.trimmed), placeOf(log, log.stored.length)];
    note({ type: 'kept', ms: now(), log: log.name, cause, after, top });
  }

  /** The time by which age is judged. */
  function ageTime({ stored, retention }: Log): number {
    const newest = stored.at(-1)?.ts ?? now();
    return plan.habits.trimsAtAppend && now() - newest < retention.maxAgeMs ? newest : now();
  }

  /** Says what retention drops, by our own reckoning. */
  function settle(log: Log, time = ageTime(log)): void {
    const { stored, retention } = log;
    const before = log.trimmed;
    for (; log.trimmed < stored.length; log.trimmed++) {
      const { entry, ts } = stored[log.trimmed] as Stored;
      const count = stored.length - log.trimmed;
      const isOver = count > retention.maxEntries || log.keptBytes > retention.maxBytes;
      if (time - ts < retention.maxAgeMs && !(isOver && count > 1)) break;
      log.keptBytes -= entry.data.length;
    }
    if (log.trimmed !== before) tell(log, 'trimmed');
  }

  const engine: Engine = {
    store(name, entry) {
      const log = logOf(name);
      settle(log);
      // A known limit: a tag is made of the key alone, so one who has a key at a place can't see that a rollback changed
      // what lies before, if the key, said again, comes to that very place. Another's entry before it makes it move.
      if (!takesOldPlaces && log.lost.has(`${log.base + log.stored.length + 1}:${entry.key}`)) onTwin(name);
      const { at: inner, added } = log.kept.append(entry, now());
      const at = numbering.position(inner);
      if (!added) {
        settle(log, now()); // said again, it made the log look at ages all the same
        return at;
      }
      log.stored.push({ entry, ts: now() });
      log.keptBytes += entry.data.length;
      note({ type: 'stored', ms: now(), log: name, key: entry.key, at });
      settle(log);
      for (const listener of listeners) listener(name, added);
      return at;
    },
    read(name, after, limit) {
      const log = logOf(name);
      settle(log);
      const { entries, top, gap } = log.kept.read(numbering.inner(after), limit, ageTime(log));
      return { entries: entries.map(numbering.entry), top: numbering.position(top), ...(gap ? { gap } : {}) };
    },
    top: (name) => numbering.position(logOf(name).kept.top()),
    trim(name, leftCount) {
      const log = logOf(name);
      const { maxEntries, maxAgeMs } = log.retention;
      Object.assign(log.retention, leftCount === 0 ? { maxAgeMs: 0 } : { maxEntries: leftCount });
      log.kept.trim(ageTime(log));
      settle(log);
      Object.assign(log.retention, { maxEntries, maxAgeMs });
    },
    rollBack(name, lostCount) {
      const log = logOf(name);
      const left = log.stored.slice(0, Math.max(0, log.stored.length - lostCount));
      if (left.length === log.stored.length) return;
      for (let i = left.length; i < log.stored.length; i++)
        log.lost.add(`${log.base + i + 1}:${(log.stored[i] as Stored).entry.key}`);
      begin(log, log.epoch, log.base);
      for (const { entry, ts } of left) log.kept.append(entry, ts);
      log.stored = left;
      log.keptBytes = left.reduce((sum, { entry }) => sum + entry.data.length, 0);
      log.kept.trim(ageTime(log));
      tell(log, 'rolled-back');
      settle(log);
    },
    restart(name) {
      const log = logOf(name);
      begin(log, `e${++epochCount}`, 0);
      tell(log, 'restarted');
    },
    expire(name) {
      const log = logOf(name);
      settle(log);
      if (log.stored.length === 0 || log.trimmed < log.stored.length) return false;
      begin(log, log.epoch, log.base + log.stored.length + random.between(0, 2));
      tell(log, 'expired');
      return true;
    },
    isEnd: (name, at) => isSamePlace(at, engine.top(name)),
    isGone: (name, at) => !engine.read(name, 'start', Number.MAX_SAFE_INTEGER).entries.some((entry) => entry.at === at),
    settleEnds() {},
    onStored: (listener) => void listeners.push((log, entry) => listener(log, numbering.entry(entry))),
  };

  function onTwin(log: LogName): void {
    const key = `other${++otherCount}`;
    note({ type: 'invoked', ms: now(), log, key });
    engine.store(log, { key, event: 'E', data: encodeJson({ key }) });
  }
  return engine;
}

function isSamePlace(mine: Position, top: Position): boolean {
  const [a, b] = [findPositionParts(mine), findPositionParts(top)];
  if (!a || !b || a.epoch !== b.epoch || a.offset !== b.offset) return false;
  return a.tag === b.tag || a.tag === '' || b.tag === '';
}
