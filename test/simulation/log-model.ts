import { findPositionParts, type LogName, type Position, type PositionParts, tagOf } from 'message-flow/protocol';
import type { Fact, KeptCause } from './history.ts';

/** The parts of a position, and what names its place whatever the tag. */
export interface Place extends PositionParts {
  readonly place: string;
}

/** An entry as the checker knows it. Rolled back entries stay, so that what a follower has of them can be told. */
export interface StoredEntry extends Place {
  readonly key: string;
  readonly at: Position;
  /** The entry before it in the log as it was then: the way back from any delivery to what must have come before. */
  before: StoredEntry | undefined;
  readonly bornSeq: number;
  /** When a rollback or a restart took it away; infinite while none did. */
  goneSeq: number;
  readonly isGone: boolean;
  isAcknowledged: boolean;
}

/** What a log held from one change to the next, appends apart. */
interface Era {
  readonly seq: number;
  readonly after: Place;
  readonly cause: KeptCause;
  /** Where this epoch's numbering began. */
  readonly beginning: number;
}

/** The checker's own picture of a log, made from facts alone: it shares no code with the engines that it judges. */
export interface LogModel {
  readonly log: LogName;
  /** The parts of a position, remembered: each is asked for once a follower. */
  placeOf(at: Position): Place;
  /** The newest entry that the log has, kept or trimmed; undefined before the first. */
  readonly last: StoredEntry | undefined;
  readonly top: Place | undefined;
  /** True where nothing lies between a place and the end, though that is elsewhere. */
  isEmptyAfter(place: Place): boolean;
  change(fact: Fact & { type: 'kept' }, seq: number): void;
  /** Adds an entry at its place; the same one twice is one. Undefined: another entry is there. */
  store(key: string, at: Position, seq: number): StoredEntry | undefined;
  find(key: string, at: Position): StoredEntry | undefined;
  findAt(place: Place): StoredEntry | undefined;
  /** True when retention dropped it at any time, or it is of another numbering than the present one. */
  isPast(entry: StoredEntry): boolean;
  /** True when at every moment since the position exists a read would have proven it. */
  isAlwaysProvable(position: Place): boolean;
  /** True when since then `start` always meant the log's very beginning. */
  isWholeSince(seq: number): boolean;
  /** True when entries lie at or before a place that retention never dropped. */
  isKeptBefore(place: PositionParts): boolean;
}

/** Creates the picture of a log of which nothing is known. */
export function createLogModel(log: LogName): LogModel {
  const eras: Era[] = [];
  const byPlace = new Map<string, StoredEntry[]>();
  let last: StoredEntry | undefined;
  let top: Place | undefined;
  const places = new Map<Position, Place>();

  function placeOf(at: Position): Place {
    const known = places.get(at);
    if (known) return known;
    const parts = findPositionParts(at);
    if (!parts) throw new RangeError(`Cannot judge the history: "${at}" is no position`);
    const place = { ...parts, place: `${parts.epoch}:${parts.offset}` };
    places.set(at, place);
    return place;
  }

  function endOf(index: number): number {
    return eras[index + 1]?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** The furthest place up to which entries were ever dropped: a rollback to an older state may bring some of them back. */
  function trimmedUpTo(epoch: string): number {
    return eras.reduce((most, { after }) => (after.epoch === epoch ? Math.max(most, after.offset) : most), -1);
  }

  /** `throughout`: at every moment of the era; else at some. */
  function isProvableIn(index: number, { epoch, offset, tag, place }: Place, throughout: boolean): boolean {
    const { seq, after } = eras[index] as Era;
    if (epoch !== after.epoch || offset < after.offset) return false;
    if (offset === after.offset) return tag === '' || tag === after.tag;
    const until = throughout ? seq + 1 : endOf(index);
    const isAlive = (entry: StoredEntry) => entry.bornSeq < until && entry.goneSeq > seq;
    if (tag !== '') return (byPlace.get(place) ?? []).some((entry) => entry.tag === tag && isAlive(entry));
    // Without a tag it claims only that it is a place of the log: some entry lies at or after it.
    for (let entry = last; entry && entry.offset >= offset; entry = entry.before) if (isAlive(entry)) return true;
    return false;
  }

  return {
    log,
    placeOf,
    get last() {
      return last;
    },
    get top() {
      return top;
    },
    change({ cause, after, top: newTop }, seq) {
      const [from, end] = [placeOf(after), placeOf(newTop)];
      const beginning = eras.at(-1)?.after.epoch === from.epoch ? (eras.at(-1) as Era).beginning : from.offset;
      eras.push({ seq, after: from, cause, beginning: cause === 'expired' ? Number.NEGATIVE_INFINITY : beginning });
      if (cause === 'rolled-back' || cause === 'restarted') {
        while (last && (last.epoch !== end.epoch || last.offset > end.offset)) {
          last.goneSeq = seq;
          last = last.before;
        }
      }
      top = end;
    },
    store(key, at, seq) {
      const parts = placeOf(at);
      const others = byPlace.get(parts.place) ?? [];
      const same = others.find((entry) => entry.key === key && !entry.isGone);
      if (same) return same;
      if (others.some(({ isGone }) => !isGone)) return undefined;
      const entry: StoredEntry = {
        ...{ key, at, bornSeq: seq, goneSeq: Number.POSITIVE_INFINITY, isAcknowledged: false, before: undefined },
        ...{ ...parts, tag: parts.tag || tagOf(key) },
        get isGone() {
          return this.goneSeq !== Number.POSITIVE_INFINITY;
        },
      };
      byPlace.set(parts.place, [entry, ...others]); // the latest first
      const epoch = eras.at(-1)?.after.epoch;
      if (epoch !== undefined && epoch !== parts.epoch) {
        entry.goneSeq = seq; // told late: its numbering has ended
        return entry;
      }
      // Real histories learn of entries late, so the place is looked for from the end.
      let later: StoredEntry | undefined;
      for (entry.before = last; entry.before && isAfter(entry.before, entry); entry.before = entry.before.before) {
        later = entry.before;
      }
      if (later) later.before = entry;
      else [last, top] = [entry, parts];
      return entry;
    },
    find: (key, at) => byPlace.get(placeOf(at).place)?.find((entry) => entry.key === key),
    findAt: ({ place, tag }) => byPlace.get(place)?.find((entry) => tag === '' || entry.tag === tag),
    isEmptyAfter({ epoch, offset }) {
      const hasMoved = eras.at(-1)?.cause === 'moved' && top?.epoch === epoch && offset <= top.offset;
      return hasMoved && (last?.epoch !== epoch || last.offset <= offset);
    },
    isPast({ epoch, offset }) {
      const latest = eras.at(-1)?.after;
      return latest !== undefined && (latest.epoch !== epoch || offset <= trimmedUpTo(epoch));
    },
    isAlwaysProvable(position) {
      let isKnown = false;
      for (let index = 0; index < eras.length; index++) {
        if (isProvableIn(index, position, isKnown)) isKnown = true;
        else if (isKnown) return false;
      }
      return isKnown;
    },
    isWholeSince(seq) {
      return eras.every(({ after, beginning }, index) => endOf(index) <= seq || after.offset === beginning);
    },
    isKeptBefore({ epoch, offset }) {
      const trimmed = trimmedUpTo(epoch);
      for (let entry = last; entry && entry.epoch === epoch && entry.offset > trimmed; entry = entry.before) {
        if (entry.offset <= offset) return true;
      }
      return false;
    },
  };
}

function isAfter(a: StoredEntry, b: StoredEntry): boolean {
  return a.epoch === b.epoch && a.offset > b.offset;
}
