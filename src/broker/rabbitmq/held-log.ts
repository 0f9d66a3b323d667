import {
  findPositionParts,
  formatPosition,
  type GapReason,
  kindOf,
  type LogName,
  type Position,
  type StartPosition,
} from '../../protocol/index.ts';
import type { Entry, Reading } from '../broker.ts';

/** A place in a stream: the number of a message, and the tag of the entry that it is; without one it is none. */
interface Place {
  readonly offset: number;
  readonly tag: string;
}

/** An entry in memory. */
interface HeldEntry {
  readonly entry: Entry;
  readonly place: Place;
  /** What it costs, in bytes. */
  readonly bytes: number;
}

/** What a log's stream knows beside the log, when that is read. */
export interface ReadContext {
  readonly epoch: string;
  /** Number of the last message that was taken. */
  readonly last: number;
  /** Where a log ends of which nothing is known. */
  readonly end: number;
}

/** A log as far as it is in memory: its latest entries, and where they begin. */
export interface HeldLog {
  readonly name: LogName;
  /** Its oldest entry in memory. */
  readonly first: HeldEntry | undefined;
  readonly count: number;
  readonly bytes: number;
  /** Its last entry, in memory or not; undefined: none is known. */
  readonly end: Place | undefined;
  push(held: HeldEntry, isFirst: boolean): void;
  /** Lets the oldest go. */
  drop(): void;
  /** What lies after a position, judged as `docs/protocol.md` says. */
  read(after: StartPosition, limit: number, context: ReadContext): Reading;
}

/** Creates a log of which nothing is known up to and with the message `floor`, and all after it. */
export function createHeldLog(name: LogName, floor: number): HeldLog {
  const held: HeldEntry[] = [];
  let head = 0; // index of the first that is held: shifting an array at every entry would cost its length
  let bytes = 0;
  /** All after it is held. */
  let base: Place = { offset: floor, tag: '' };
  let end: Place | undefined;
  let isWhole = true;

  /** Index of the first that lies at or after a number. */
  function indexAt(offset: number): number {
    let [low, high] = [head, held.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((held[middle] as HeldEntry).place.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function judge(
    after: StartPosition,
    { epoch, last }: ReadContext,
  ): { readonly from: number } | { readonly gap: GapReason } {
    if (after === 'start') return isWhole || kindOf(name) !== 'run' ? { from: head } : { gap: 'trimmed' };
    const mine = findPositionParts(after);
    if (mine?.epoch !== epoch || mine.offset > last) return { gap: 'reset' };
    if (mine.offset < base.offset) return { gap: 'trimmed' };
    if (mine.offset === base.offset) {
      if (mine.tag === '' || mine.tag === base.tag) return { from: head };
      // Nothing is known of the message before those that were read; before the first there is none.
      return { gap: base.tag === '' && base.offset > 0 ? 'trimmed' : 'reset' };
    }
    const index = indexAt(mine.offset);
    const here = held[index]?.place;
    if (here?.offset === mine.offset)
      return mine.tag === '' || mine.tag === here.tag ? { from: index + 1 } : { gap: 'reset' };
    return mine.tag === '' ? { from: index } : { gap: 'reset' };
  }

  function topIn({ epoch, end: streamEnd }: ReadContext): Position {
    return formatPosition({ epoch, ...(end ?? { offset: streamEnd, tag: '' }) });
  }

  return {
    name,
    get first() {
      return held[head];
    },
    get count() {
      return held.length - head;
    },
    get bytes() {
      return bytes;
    },
    get end() {
      return end;
    },
    push(added, isFirst) {
      if (!end) isWhole = isFirst || floor === 0;
      held.push(added);
      end = added.place;
      bytes += added.bytes;
    },
    drop() {
      const gone = held[head];
      if (!gone) return;
      head++;
      bytes -= gone.bytes;
      base = gone.place;
      isWhole = false;
      if (head * 2 < held.length) return;
      // Half or more is gone: moving the rest costs less than what went, and no quiet log holds on to data that is gone.
      held.splice(0, head);
      head = 0;
    },
    read(after, limit, context) {
      const top = topIn(context);
      const verdict = judge(after, context);
      if ('gap' in verdict && verdict.gap === 'reset') return { entries: [], top, gap: 'reset' };
      const from = 'gap' in verdict ? head : verdict.from;
      const entries = held.slice(from, from + limit).map(({ entry }) => entry);
      return 'gap' in verdict ? { entries, top, gap: verdict.gap } : { entries, top };
    },
  };
}
