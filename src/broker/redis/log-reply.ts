import {
  findPositionParts,
  formatPosition,
  type GapReason,
  kindOf,
  type LogName,
  type Position,
  type PositionParts,
  type StartPosition,
} from '../../protocol/index.ts';
import type { Entry, Reading } from '../broker.ts';
import { findStoredEntry, findTagOfHead } from './stored-entry.ts';

/** What the library knows of a log, when it was asked for what lies after an offset. */
interface LogState {
  readonly end: PositionParts;
  /** Offset of the first entry kept; beyond the end where none is. */
  readonly first: number;
  /** The tag of the entry at the offset that was asked about, where it is kept. */
  readonly anchor: string | undefined;
  /** What is kept after that offset, oldest first. */
  readonly entries: readonly Entry[];
}

/** Reads the answer to `top`; undefined for what the library does not say. */
export function findTop(reply: unknown): Position | undefined {
  const end = findEnd(reply);
  return end && formatPosition(end);
}

/** Reads the answer to `append`. */
export function findPlace(reply: unknown): Position | undefined {
  return typeof reply === 'string' && findPositionParts(reply) ? (reply as Position) : undefined;
}

/** Judges the answer to `read` as `docs/protocol.md` says; undefined for what the library does not say. */
export function findReading(log: LogName, after: StartPosition, reply: unknown): Reading | undefined {
  const state = findState(reply);
  if (!state) return undefined;
  const top = formatPosition(state.end);
  const gap = judge(log, after, state);
  if (gap === 'reset') return { entries: [], top, gap };
  return gap ? { entries: state.entries, top, gap } : { entries: state.entries, top };
}

function judge(log: LogName, after: StartPosition, { end, first, anchor, entries }: LogState): GapReason | undefined {
  if (after === 'start') return kindOf(log) === 'run' && first > 1 ? 'trimmed' : undefined;
  const mine = findPositionParts(after);
  if (!mine || mine.epoch !== end.epoch || mine.offset > end.offset) return 'reset';
  const isSame = (tag: string | undefined) => mine.tag === '' || mine.tag === tag;
  if (mine.offset === end.offset) return isSame(end.tag) ? undefined : 'reset';
  if (mine.offset < first - 1) return 'trimmed';
  // Just before the first that is kept: that one still knows what came before it.
  const tag = mine.offset === first - 1 ? (entries[0]?.previous?.tag ?? '') : anchor;
  return isSame(tag) ? undefined : 'reset';
}

function findEnd(reply: unknown): PositionParts | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [epoch, offset, tag] = reply;
  return typeof epoch === 'string' && typeof tag === 'string'
    ? findPositionParts(`${epoch}:${offset}:${tag}`)
    : undefined;
}

function findState(reply: unknown): LogState | undefined {
  const end = findEnd(reply);
  if (!end || !Array.isArray(reply)) return undefined;
  const [, , , first, head, lines] = reply;
  if (!Number.isSafeInteger(first) || !Array.isArray(lines)) return undefined;
  const anchor = typeof head === 'string' ? findTagOfHead(head) : undefined;
  const entries: Entry[] = [];
  for (const line of lines) {
    const entry = typeof line === 'string' ? findStoredEntry(end.epoch, line) : undefined;
    if (!entry) return undefined;
    entries.push(entry);
  }
  return { end, first, anchor, entries };
}
