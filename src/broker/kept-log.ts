import {
  findPositionParts,
  formatPosition,
  type GapReason,
  kindOf,
  type LogName,
  type Position,
  type StartPosition,
  tagOf,
  utf8Length,
} from '../protocol/index.ts';
import type { Entry, NewEntry, Reading } from './broker.ts';
import type { Retention } from './retention.ts';

/** A log that an engine numbers and keeps itself: contiguous offsets, the anchor of each entry, retention, keys. */
export interface KeptLog {
  /** Adds an entry; a key said before, within the window, gives back its place and adds nothing. */
  append(entry: NewEntry, ts: number): { readonly at: Position; readonly added?: Entry };
  /** What lies after a position, judged as `docs/protocol.md` says. */
  read(after: StartPosition, limit: number, now: number): Reading;
  /** The log's end. */
  top(): Position;
  /** Drops what retention no longer keeps; true when nothing but the log's end is left. */
  trim(now: number): boolean;
  /** When something was last added, in milliseconds since 1970; undefined while nothing ever was. */
  readonly touchedAt: number | undefined;
}

interface Kept {
  readonly entry: Entry;
  readonly offset: number;
  readonly bytes: number;
}

/** The bound on remembered keys beside those of kept entries: what a window at a fast sender may cost. */
const MAX_KEYS = 100_000;

/**
 * Creates an empty log whose first entry has offset `base + 1`.
 * @param keyWindowMs how long a key is remembered, in milliseconds
 */
export function createKeptLog(
  log: LogName,
  epoch: string,
  base: number,
  retention: Retention,
  keyWindowMs: number,
): KeptLog {
  const kept: Kept[] = [];
  let head = 0; // index of the first kept entry: shifting an array at every append would cost its length
  let keptBytes = 0;
  let end = { epoch, offset: base, tag: '' };
  let touchedAt: number | undefined;
  // Places only: a key is remembered for longer than the entry's data is kept.
  const keys = new Map<string, Pick<Entry, 'at' | 'ts'>>();

  function trim(now: number): boolean {
    for (let first = kept[head]; first; first = kept[head]) {
      const count = kept.length - head;
      const isOver = count > retention.maxEntries || keptBytes > retention.maxBytes;
      if (!isOver && now - first.entry.ts < retention.maxAgeMs) break;
      if (isOver && count === 1 && now - first.entry.ts < retention.maxAgeMs) break; // the newest stays, whatever its size
      keptBytes -= first.bytes;
      head++;
    }
    // Half or more is gone: moving the rest costs less than what went, and no quiet log holds on to data that is gone.
    if (head > 0 && head * 2 >= kept.length) {
      kept.splice(0, head);
      head = 0;
    }
    for (const [key, { ts }] of keys) {
      if (now - ts < keyWindowMs && keys.size <= MAX_KEYS) break;
      keys.delete(key);
    }
    return head === kept.length && keys.size === 0;
  }

  function judge(after: StartPosition): { readonly from: number } | { readonly gap: GapReason } {
    const first = kept[head];
    if (after === 'start') {
      const isWhole = kindOf(log) !== 'run' || (first ? first.offset : end.offset + 1) === base + 1;
      return isWhole ? { from: head } : { gap: 'trimmed' };
    }
    const mine = findPositionParts(after);
    if (!mine || mine.epoch !== epoch || mine.offset > end.offset) return { gap: 'reset' };
    if (mine.offset === end.offset)
      return mine.tag === end.tag || mine.tag === '' ? { from: kept.length } : { gap: 'reset' };
    if (!first || mine.offset < first.offset - 1) return { gap: 'trimmed' };
    if (mine.offset === first.offset - 1) {
      const anchor = first.entry.previous?.tag ?? '';
      return mine.tag === anchor || mine.tag === '' ? { from: head } : { gap: 'reset' };
    }
    const index = head + mine.offset - first.offset;
    const isSame = mine.tag === '' || mine.tag === tagOf((kept[index] as Kept).entry.key);
    return isSame ? { from: index + 1 } : { gap: 'reset' };
  }

  return {
    get touchedAt() {
      return touchedAt;
    },
    append(entry, ts) {
      trim(ts);
      const known = keys.get(entry.key);
      if (known) return { at: known.at };
      const offset = end.offset + 1;
      const tag = tagOf(entry.key);
      const previous = end.tag ? { offset: end.offset, tag: end.tag } : { offset: end.offset };
      const at = formatPosition({ epoch, offset, tag });
      const added: Entry = { ...entry, at, previous, ts };
      const bytes = utf8Length(entry.data);
      kept.push({ entry: added, offset, bytes });
      keptBytes += bytes;
      keys.set(entry.key, { at, ts });
      end = { epoch, offset, tag };
      touchedAt = ts;
      trim(ts);
      return { at, added };
    },
    read(after, limit, now) {
      trim(now);
      const verdict = judge(after);
      const top = formatPosition(end);
      if ('gap' in verdict && verdict.gap === 'reset') return { entries: [], top, gap: 'reset' };
      const from = 'gap' in verdict ? head : verdict.from;
      const entries = kept.slice(from, from + limit).map(({ entry }) => entry);
      return 'gap' in verdict ? { entries, top, gap: verdict.gap } : { entries, top };
    },
    top: () => formatPosition(end),
    trim,
  };
}
