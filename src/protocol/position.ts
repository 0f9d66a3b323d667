/** A place in a log: `<epoch>:<offset>:<tag>`. Opaque to apps; compared by brokers, gateways and clients only. */
export type Position = string & { readonly [brand]: 'Position' };
declare const brand: unique symbol;

/** The parts of a position. */
export interface PositionParts {
  /** The identity of the log's numbering; a new one when numbering began anew. Holds no colon. */
  readonly epoch: string;
  /** Number of the entry, from 0 (before the first) to 2^53 − 1. */
  readonly offset: number;
  /** `tagOf` the entry's key; empty where there is no entry to anchor to. */
  readonly tag: string;
}

/** Where a follower asks to begin: a position, or `"start"` for all that is kept. */
export type StartPosition = Position | 'start';

/** Longest position, in bytes. */
export const MAX_POSITION_BYTES = 64;

const SHAPE = /^([A-Za-z0-9._~-]{1,38}):(\d{1,16}):((?:[0-9a-f]{8})?)$/;

/** Writes a position; the caller vouches for its parts. */
export function formatPosition({ epoch, offset, tag }: PositionParts): Position {
  return `${epoch}:${offset}:${tag}` as Position;
}

/** Reads a position; undefined for any text that is none. */
export function findPositionParts(text: string): PositionParts | undefined {
  const match = text.length <= MAX_POSITION_BYTES ? SHAPE.exec(text) : null;
  if (!match) return undefined;
  const [, epoch = '', digits = '', tag = ''] = match;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? { epoch, offset, tag } : undefined;
}

/**
 * The anchor of an entry: a 32-bit hash of its key, as 8 hex digits. A log that was rolled back reuses offsets; the tag
 * tells the new entry from the one that was lost.
 */
export function tagOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  // FNV-1a spreads its last bytes badly; the murmur3 finaliser mends that.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
}

/** True when both positions count in the same epoch and `entry` lies at or before `mine`: the follower has it already. */
export function isAtOrBefore(entry: Position, mine: Position): boolean {
  const [a, b] = [findPositionParts(entry), findPositionParts(mine)];
  return a !== undefined && b !== undefined && a.epoch === b.epoch && a.offset <= b.offset;
}
