import {
  findPositionParts,
  type GapReason,
  isAtOrBefore,
  type LogName,
  type Position,
  type Stop,
} from '../../protocol/index.ts';
import type { Broker, Entry } from '../broker.ts';
import { createPatience, persist } from './patience.ts';

/** Hears a log's live end, as it comes. */
export interface Listener {
  readonly heard: readonly Entry[];
  /** Resolves once it heard an entry with this key. */
  hears(key: string): Promise<void>;
  readonly stop: Stop;
}

/** Follows a log from a position: the live end while it is proven, else by reading. */
export interface Follower {
  readonly entries: readonly Entry[];
  readonly gaps: readonly GapReason[];
  /** Resolves once it has this many entries. */
  has(count: number): Promise<void>;
  readonly stop: Stop;
}

const READ_LIMIT = 100;

/** Creates a tail that keeps what it hears. */
export async function createListener(broker: Broker, log: LogName, patienceMs: number): Promise<Listener> {
  const heard: Entry[] = [];
  const patience = createPatience(patienceMs);
  const stop = await broker.tail(log, (entry) => {
    heard.push(entry);
    patience.wake();
  });
  return {
    heard,
    hears: (key) =>
      patience.until(
        () => heard.some((entry) => entry.key === key),
        () => `the tail of "${log}" did not hear "${key}", the last of ${heard.length} was "${heard.at(-1)?.key}"`,
      ),
    stop,
  };
}

/**
 * Creates a follower that obeys the one rule of all followers: what comes after my end I take, what I know I drop, for
 * anything else I read again. So it has every entry, on engines whose live end loses some, too.
 */
export async function createFollower(
  broker: Broker,
  log: LogName,
  after: Position,
  patienceMs: number,
): Promise<Follower> {
  const entries: Entry[] = [];
  const gaps: GapReason[] = [];
  const patience = createPatience(patienceMs);
  const taken = new Map<number, string>();
  let end = after;
  let isReading = false;
  let isStale = false;
  let failure: unknown;

  function take(entry: Entry): void {
    const { offset = -1, tag = '' } = findPositionParts(entry.at) ?? {};
    entries.push(entry);
    taken.set(offset, tag);
    end = entry.at;
    patience.wake();
  }

  function hear(entry: Entry): void {
    const [mine, its] = [findPositionParts(end), findPositionParts(entry.at)];
    const { previous } = entry;
    const isNext =
      previous?.offset === mine?.offset &&
      its?.epoch === mine?.epoch &&
      (!previous?.tag || !mine?.tag || previous.tag === mine.tag);
    const isKnown = its?.epoch === mine?.epoch && its?.tag !== undefined && taken.get(its.offset) === its.tag;
    if (isReading) isStale = true;
    else if (isNext) take(entry);
    else if (!isKnown) void readAgain();
  }

  /** Never rejects: a failure is told by `has`. */
  async function readAgain(): Promise<void> {
    isStale = true;
    if (isReading) return;
    isReading = true;
    try {
      while (isStale) {
        isStale = false;
        await readToEnd();
      }
    } catch (error) {
      failure = error;
      patience.wake();
    } finally {
      isReading = false;
    }
  }

  async function readToEnd(): Promise<void> {
    for (let count = READ_LIMIT; count > 0; ) {
      const { entries: read, top, gap } = await persist(patienceMs, () => broker.read(log, end, READ_LIMIT));
      if (gap) gaps.push(gap);
      if (gap && read.length === 0) end = top;
      for (const entry of read) {
        // Without this a broker that reads in a circle would be read for ever.
        if (isAtOrBefore(entry.at, end)) throw new Error(`Reading "${log}" after "${end}" gave "${entry.at}"`);
        take(entry);
      }
      count = read.length;
    }
  }

  const stopInterrupted = broker.on('interrupted', (logs) => {
    if (logs === 'all' || logs.includes(log)) void readAgain();
  });
  const stopTail = await broker.tail(log, hear);
  await readAgain();
  return {
    entries,
    gaps,
    async has(count) {
      await patience.until(
        () => failure !== undefined || entries.length >= count,
        () => `the follower of "${log}" has ${entries.length} entries, not ${count}`,
      );
      if (failure !== undefined) throw failure;
    },
    stop() {
      stopInterrupted();
      stopTail();
    },
  };
}
