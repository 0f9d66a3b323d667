import type { Entry } from '../broker/index.ts';
import { findPositionParts, formatPosition, type Position, type PositionParts } from '../protocol/index.ts';

/** Bytes as a host writes them to a socket; how they look is the host's affair. */
export interface Frame {
  readonly byteLength: number;
}

/** How a host makes frames: one an entry, and several as one. */
export interface FrameCodec<F extends Frame> {
  encode(entry: Entry): F;
  join(frames: readonly F[]): F;
}

/** Neighbouring entries as one frame. */
export interface Chunk<F extends Frame> {
  readonly frame: F;
  /** Index of its first entry. */
  readonly from: number;
  /** Index after its last entry. */
  readonly to: number;
}

/** How an entry stands to a ring's end. */
type Succession = 'next' | 'known' | 'unproven';

/**
 * A log's latest entries, without holes from `base` to `end`. Entries have indices that stay theirs, so that a cursor is
 * a number: the index of the entry that comes next.
 */
export interface Ring<F extends Frame> {
  /** The place just before the first entry. */
  readonly base: Position;
  /** The place of the last entry; `base` while there is none. */
  readonly end: Position;
  /** Index of the first entry. */
  readonly first: number;
  /** Index after the last entry. */
  readonly next: number;
  /** Memory held: entries, the frames made of them, and the latest of several joined. */
  readonly bytes: number;
  /** Says whether an entry follows the end, is here already, or proves nothing. */
  judge(entry: Entry): Succession;
  /**
   * True when this ring has nothing after a place that a broker made, which may be another end of the same: whether it is one of this
   * log, the caller knows.
   */
  isQuietAt(position: Position): boolean;
  /** Adds an entry after the end; the caller has judged it. */
  push(entry: Entry): void;
  /**
   * Takes a broker's word that nothing lies after the end up to this place of a log of which nothing is kept: where logs share a
   * stream it moves on with the others, and followers who came at different times have different places for one end.
   */
  reach(top: Position): void;
  /** Takes from an older stretch what lies before `base`, if it reaches it. */
  prepend(older: Ring<F>): void;
  /** The index that goes on after a position; undefined when this ring can't prove that position. */
  find(position: Position): number | undefined;
  /** The place just before the entry with this index. */
  positionBefore(index: number): Position;
  /** Entries from an index on: as many as fit, at least one. Followers at one place get the same frame. */
  chunk(from: number, maxBytes: number): Chunk<F>;
  entries(from: number, to: number): readonly Entry[];
  /** Forgets the oldest until both bounds hold. */
  trim(maxEntries: number, maxBytes: number): void;
}

interface Item<F> {
  readonly entry: Entry;
  readonly offset: number;
  readonly bytes: number;
  frame: F | undefined;
}

/** What an entry costs beside its data, roughly: names, position, object. */
const ENTRY_OVERHEAD_BYTES = 200;

/** Creates a ring with no entries yet, at a place that a broker has named. */
export function createRing<F extends Frame>(start: Position, codec: FrameCodec<F>): Ring<F> {
  let items: Item<F>[] = [];
  let first = 0;
  let base = start;
  let end = start;
  let endParts = partsOf(start);
  /** Nothing lies after the end up to this offset. */
  let reached = endParts.offset;
  let bytes = 0;
  let last: (Chunk<F> & { readonly maxBytes: number; readonly isFull: boolean }) | undefined;

  /** Place in `items` of the first entry whose offset is above this one. */
  function above(offset: number): number {
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((items[middle] as Item<F>).offset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  return {
    get base() {
      return base;
    },
    get end() {
      return end;
    },
    get first() {
      return first;
    },
    get next() {
      return first + items.length;
    },
    get bytes() {
      return bytes + (last && last.to - last.from > 1 ? last.frame.byteLength : 0);
    },
    judge({ at, previous }) {
      const parts = partsOf(at);
      if (parts.epoch !== endParts.epoch) return 'unproven';
      if (previous && parts.offset > endParts.offset && previous.offset === endParts.offset) {
        return previous.tag === undefined || previous.tag === endParts.tag ? 'next' : 'unproven';
      }
      return items[above(parts.offset) - 1]?.entry.at === at ? 'known' : 'unproven';
    },
    push(entry) {
      const item = createItem<F>(entry);
      endParts = partsOf(entry.at);
      end = entry.at;
      reached = endParts.offset;
      items.push(item);
      bytes += item.bytes;
    },
    reach(top) {
      const { epoch, offset, tag } = partsOf(top);
      if (epoch === endParts.epoch && tag === '') reached = Math.max(reached, offset);
    },
    prepend(older) {
      const join = older.find(base) ?? (older.isQuietAt(base) ? older.next : undefined);
      if (join === undefined || partsOf(older.base).offset >= partsOf(base).offset) return;
      const added = older.entries(older.first, join).map((entry) => createItem<F>(entry));
      items = [...added, ...items];
      first -= added.length;
      base = older.base;
      for (const item of added) bytes += item.bytes;
    },
    isQuietAt(position) {
      const { epoch, offset, tag } = partsOf(position);
      const from = items.length === 0 ? partsOf(base) : endParts;
      const isOther = offset === from.offset && tag !== from.tag && tag !== '' && from.tag !== '';
      return epoch === from.epoch && offset >= from.offset && offset <= reached && !isOther;
    },
    find(position) {
      const mine = findPositionParts(position);
      if (!mine || mine.epoch !== endParts.epoch || mine.offset > reached) return undefined;
      const place = above(mine.offset);
      const here = items[place - 1];
      if (here?.offset === mine.offset)
        return mine.tag === '' || here.entry.at === position ? first + place : undefined;
      const baseParts = partsOf(base);
      if (mine.offset < baseParts.offset) return undefined;
      // No entry lies at this offset: only a place that claims none, or our own beginning, is proven.
      return mine.tag === '' || position === base ? first + place : undefined;
    },
    positionBefore: (index) => items[index - first - 1]?.entry.at ?? base,
    chunk(from, maxBytes) {
      const isSame = last?.from === from && last.maxBytes === maxBytes;
      if (last && isSame && (last.isFull || last.to === first + items.length)) return last; // one frame for all who are here
      const frames: F[] = [];
      let size = 0;
      let isFull = false;
      for (let place = from - first; place < items.length; place++) {
        const item = items[place] as Item<F>;
        if (!item.frame) {
          item.frame = codec.encode(item.entry);
          bytes += item.frame.byteLength;
        }
        isFull = frames.length > 0 && size + item.frame.byteLength > maxBytes;
        if (isFull) break;
        size += item.frame.byteLength;
        frames.push(item.frame);
      }
      const frame = frames.length === 1 ? (frames[0] as F) : codec.join(frames);
      last = { frame, from, to: from + frames.length, maxBytes, isFull };
      return last;
    },
    entries: (from, to) => items.slice(from - first, to - first).map(({ entry }) => entry),
    trim(maxEntries, maxBytes) {
      while (items.length > maxEntries || (bytes > maxBytes && items.length > 0)) {
        const item = items.shift() as Item<F>;
        base = item.entry.at;
        bytes -= item.bytes + (item.frame?.byteLength ?? 0);
        first++;
      }
      if (last && last.from < first) last = undefined;
    },
  };
}

/** The place just before an entry: what a gap's follower goes on from. */
export function positionBefore({ at, previous }: Entry): Position {
  const { epoch, offset } = partsOf(at);
  return formatPosition({ epoch, offset: previous?.offset ?? offset - 1, tag: previous?.tag ?? '' });
}

/** The parts of a position that a broker made. */
export function partsOf(position: Position): PositionParts {
  const parts = findPositionParts(position);
  if (!parts) throw new RangeError(`Cannot read a broker's position: "${position.slice(0, 80)}" is none`);
  return parts;
}

/** What an entry costs in memory, roughly, in bytes. */
export function sizeOf(entry: Entry): number {
  return Buffer.byteLength(entry.data) + ENTRY_OVERHEAD_BYTES;
}

function createItem<F extends Frame>(entry: Entry): Item<F> {
  return { entry, offset: partsOf(entry.at).offset, bytes: sizeOf(entry), frame: undefined };
}
