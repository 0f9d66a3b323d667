import { createHash } from 'node:crypto';
import { formatPosition, type LogName, type Position, type StartPosition, tagOf } from '../../protocol/index.ts';
import type { Entry, Reading } from '../broker.ts';
import type { Retention } from '../retention.ts';
import { createHeldLog, type HeldLog, type ReadContext } from './held-log.ts';
import { createSaidKeys } from './said-keys.ts';
import { findStreamMessage, type StreamMessage } from './stream-message.ts';

/** A message as a stream gives it. */
export interface Delivered {
  /** Its number: its offset in the stream and 1, so that 0 is the place before all. */
  readonly offset: number;
  readonly text: string;
}

/** What a message was. */
export type Taken =
  | { readonly type: 'probe'; readonly id: string }
  /** `added`: it is new; else its key was said before, at `at`. */
  | {
      readonly type: 'entry';
      readonly log: LogName;
      readonly key: string;
      readonly at: Position;
      readonly added?: Entry;
    }
  /** Messages before it were missed: all that was held before was forgotten. */
  | { readonly type: 'hole' }
  /** Nothing of ours. */
  | { readonly type: 'nothing' };

/**
 * A stream's logs in memory. Every process that reads the stream comes to the same logs, whenever it began: a repeat is
 * told by what stands in the stream alone.
 */
export interface HeldStream {
  /** The identity of the stream; undefined: nothing was read yet that tells it. */
  readonly epoch: string | undefined;
  /** The last message that was taken. */
  readonly last: Delivered | undefined;
  /** Takes the next message. */
  take(delivered: Delivered): readonly Taken[];
  read(log: LogName, after: StartPosition, limit: number): Reading;
  topOf(log: LogName): Position;
  /** True when an entry of the log is known, in memory or not. */
  knows(log: LogName): boolean;
  /** Forgets all. */
  clear(): void;
}

/** What a held stream works with. */
export interface HeldStreamOptions {
  readonly retention: Retention;
  readonly keyWindowMs: number;
  /** Most memory that its entries may take, in bytes. */
  readonly maxBytes: number;
  /** Logs whose ends are remembered. Of those forgotten, what was before is `trimmed`. @default 100_000 */
  readonly maxLogs?: number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/**
 * Numbers that may be left out between two messages: the server takes some for itself. A longer leap is where it let
 * messages go that were not read yet, which it does without a word.
 */
const MAX_LEAP = 8;
/** What an entry and its key cost in memory beside its data, roughly, in bytes. */
const ENTRY_OVERHEAD_BYTES = 1_000;
/** So many are noted before those that went are looked for. */
const LEAST_ARRIVALS = 1_000;

/** That an entry came, while it may be held. */
interface Arrival {
  readonly log: HeldLog;
  readonly offset: number;
  readonly ts: number;
}

/** Creates a held stream of which nothing was read. */
export function createHeldStream(options: HeldStreamOptions): HeldStream {
  const { retention, keyWindowMs, maxBytes, maxLogs = 100_000, wallClock } = options;
  const keys = createSaidKeys(keyWindowMs);
  /** Longest quiet first. */
  const logs = new Map<LogName, HeldLog>();
  /** What is held, oldest first; and what its log let go before. */
  let arrivals: Arrival[] = [];
  let head = 0;
  let bytes = 0;
  let count = 0;
  let epoch: string | undefined;
  let last: Delivered | undefined;
  /** Of a log that is not known, nothing is known up to here. */
  let floor = 0;
  let lastEntry = 0;

  function clear(): void {
    keys.clear();
    logs.clear();
    arrivals = [];
    [head, bytes, count, floor, lastEntry] = [0, 0, 0, 0, 0];
    [epoch, last] = [undefined, undefined];
  }

  function drop(log: HeldLog): void {
    bytes -= log.first?.bytes ?? 0;
    count--;
    log.drop();
  }

  function trim(): void {
    const now = wallClock();
    for (let next = arrivals[head]; next; next = arrivals[head]) {
      const isHeld = isStill(next);
      const isOld = now - next.ts >= retention.maxAgeMs;
      if (isHeld && !isOld && bytes <= maxBytes) break;
      if (isHeld) drop(next.log);
      head++;
    }
    // What went from the middle is noted until then: beside a quiet log, a loud one's past would fill the memory.
    if (arrivals.length <= 2 * count + LEAST_ARRIVALS) return;
    arrivals = arrivals.slice(head).filter(isStill);
    head = 0;
  }

  /**
   * Says which stream this is: its first message, or what later ones say. The first is a probe, unless somebody was faster who
   * still sent to the stream that was here before, or who is none of ours.
   */
  function findEpoch({ offset, text }: Delivered, message: StreamMessage | undefined): string | undefined {
    if (offset > 1) return message?.epoch || undefined;
    return message?.type === 'probe' ? message.id : createHash('sha256').update(text).digest('hex').slice(0, 16);
  }

  function add({ log: name, entry, ts, isFirst }: Extract<StreamMessage, { type: 'entry' }>, offset: number): Entry {
    const log = logs.get(name) ?? createHeldLog(name, floor);
    const place = { offset, tag: tagOf(entry.key) };
    const at = formatPosition({ epoch: epoch ?? '', ...place });
    const added: Entry = { ...entry, at, previous: log.end ?? null, ts };
    const size = Buffer.byteLength(entry.data) + ENTRY_OVERHEAD_BYTES;
    log.push({ entry: added, place, bytes: size }, isFirst);
    arrivals.push({ log, offset, ts });
    bytes += size;
    count++;
    lastEntry = offset;
    logs.delete(name);
    logs.set(name, log);
    while (
      log.count > 1 &&
      (log.count > retention.maxEntries || log.bytes - log.count * ENTRY_OVERHEAD_BYTES > retention.maxBytes)
    )
      drop(log);
    trim();
    forgetQuiet();
    return added;
  }

  function forgetQuiet(): void {
    for (const [name, log] of logs) {
      if (logs.size <= maxLogs) return;
      while (log.count > 0) drop(log);
      floor = Math.max(floor, log.end?.offset ?? 0);
      logs.delete(name);
    }
  }

  function contextOf(): ReadContext {
    return { epoch: epoch ?? '', last: last?.offset ?? 0, end: Math.max(lastEntry, floor) };
  }

  function takeNext(delivered: Delivered): Taken {
    const { offset } = delivered;
    if (!last) floor = offset - 1;
    last = delivered;
    const message = findStreamMessage(delivered.text);
    epoch ??= findEpoch(delivered, message);
    if (!message) return { type: 'nothing' };
    if (message.type === 'probe') return { type: 'probe', id: message.id };
    // Sent to the stream that was here before. It was not acknowledged: its sender waits for it on that one.
    if (epoch === undefined || message.epoch !== epoch) return { type: 'nothing' };
    const { log, entry, ts } = message;
    const known = keys.findAt(log, entry.key, ts);
    if (known !== undefined) {
      keys.note(log, entry.key, ts, known);
      return { type: 'entry', log, key: entry.key, at: known };
    }
    const added = add(message, offset);
    keys.note(log, entry.key, ts, added.at);
    return { type: 'entry', log, key: entry.key, at: added.at, added };
  }

  return {
    get epoch() {
      return epoch;
    },
    get last() {
      return last;
    },
    take(delivered) {
      const isHole = last !== undefined && delivered.offset > last.offset + MAX_LEAP;
      const known = epoch;
      if (isHole) clear();
      if (isHole) epoch = known;
      const taken = takeNext(delivered);
      return isHole ? [{ type: 'hole' }, taken] : [taken];
    },
    read(log, after, limit) {
      trim();
      return (logs.get(log) ?? createHeldLog(log, floor)).read(after, limit, contextOf());
    },
    topOf(log) {
      const { epoch: own, end: streamEnd } = contextOf();
      return formatPosition({ epoch: own, ...(logs.get(log)?.end ?? { offset: streamEnd, tag: '' }) });
    },
    knows: (log) => logs.has(log),
    clear,
  };
}

/** A log lets the oldest go first, so it holds all from its first on. */
function isStill({ log, offset }: Arrival): boolean {
  return log.first !== undefined && log.first.place.offset <= offset;
}
