import type { Entry, Reading } from '../broker/index.ts';
import { findPositionParts, type GapReason, type Position, type StartPosition } from '../protocol/index.ts';
import { createRing, type Frame, type FrameCodec, partsOf, positionBefore, type Ring } from './ring.ts';

/** A subscription's place in its log: in a ring, in a stretch, or nowhere yet. */
export interface Cursor<F extends Frame> {
  /** What the follower has, or asked to begin at. */
  position: StartPosition;
  /** The entries it goes on in: the log's ring, or a stretch. */
  ring: Ring<F> | undefined;
  /** Index of its next entry there. */
  index: number;
  /** To be told before anything else. */
  gap: { readonly at: Position; readonly reason: GapReason } | undefined;
  /** LIVE was said. */
  isLive: boolean;
  /** A read said that nothing lies after the position: the ring lags, and only the ring is waited for. */
  isProven: boolean;
  /** It asked for `"start"` and was told nothing yet: whatever happens to the log meanwhile is no gap. */
  isAtStart: boolean;
  /** It began to wait when the stretch was already asked for: what that says of others may be too old for it. */
  isLate: boolean;
}

/** Creates the cursor of a new subscription. */
export function createCursor<F extends Frame>(position: StartPosition): Cursor<F> {
  return {
    ...{ position, ring: undefined, index: 0, gap: undefined },
    ...{ isLive: false, isProven: false, isAtStart: position === 'start', isLate: false },
  };
}

/** Makes a stretch of what a broker read after a place. */
export function createStretch<F extends Frame>(
  after: StartPosition,
  { entries, top, gap }: Reading,
  codec: FrameCodec<F>,
): Ring<F> {
  const isPlaced = !gap && after !== 'start' && !(entries.length === 0 && isBefore(top, after));
  const start = isPlaced ? after : gap === 'reset' ? top : startOf(entries, top);
  const stretch = createRing(start, codec);
  for (const entry of entries) stretch.push(entry);
  if (entries.length === 0) stretch.reach(top);
  return stretch;
}

/** Puts a cursor into the first of them that proves its position and has something after it, or is the live ring. */
export function locate<F extends Frame>(
  cursor: Cursor<F>,
  ring: Ring<F> | undefined,
  stretches: readonly Ring<F>[],
): boolean {
  if (cursor.position === 'start') return false;
  for (const place of ring ? [ring, ...stretches] : stretches) {
    const index = place.find(cursor.position);
    if (index === undefined || (place !== ring && index === place.next)) continue;
    [cursor.ring, cursor.index] = [place, index];
    return true;
  }
  return false;
}

/**
 * Says what a reading after one place means for a waiting cursor: its position from here on; false: it must ask for itself.
 * One answer serves all for whom it is true: another epoch is a reset, what is older than a trimmed place is trimmed.
 */
export function resume<F extends Frame>(
  cursor: Cursor<F>,
  after: StartPosition,
  reading: Reading,
  stretch: Ring<F>,
): boolean {
  const { entries, top, gap } = reading;
  const { position } = cursor;
  const isAsked = position === after;
  // "start" is whatever is kept once it is asked for.
  if (cursor.isLate && position === 'start') return false;
  const parts = position === 'start' ? undefined : findPositionParts(position);
  const isOtherEpoch = position !== 'start' && parts?.epoch !== partsOf(top).epoch;
  if (isOtherEpoch && !isAsked && cursor.isLate) return false;
  if (isOtherEpoch || (isAsked && gap === 'reset')) return passGap(cursor, 'reset', top);
  if (gap === 'trimmed' && (isAsked || isOlder(position, after, reading, stretch)))
    return passGap(cursor, 'trimmed', stretch.base);
  if (!isAsked) return false;
  if (position !== 'start' && entries.length === 0) cursor.isProven = true;
  if (!cursor.isProven || isBefore(top, position as Position)) cursor.position = stretch.base;
  return true;
}

/**
 * True when a log ends before a place that was proven whole in it. Nothing lies between, so its end is the same place: given by
 * a broker that knew the log's stream only, and nothing of the log. A ring knows it by the log's own end.
 */
function isBefore(top: Position, place: Position): boolean {
  return partsOf(top).offset < (findPositionParts(place)?.offset ?? 0);
}

/** Where entries begin that were read without an own place: just before the first, or at the log's end. */
function startOf(entries: readonly Entry[], top: Position): Position {
  return entries[0] ? positionBefore(entries[0]) : top;
}

/** True when what is trimmed for one place is trimmed for this one too. */
function isOlder<F extends Frame>(
  position: StartPosition,
  after: StartPosition,
  { entries, top }: Reading,
  stretch: Ring<F>,
): boolean {
  if (position === 'start') return false;
  const { offset } = partsOf(position);
  const [first] = entries;
  const isBaseLast = first ? first.previous !== null : partsOf(top).tag !== '';
  if (isBaseLast) return offset < partsOf(stretch.base).offset;
  // Neither the first kept nor the end says where the last lies that is gone, so only what is older than the place asked for is it
  // surely.
  return after !== 'start' && offset < partsOf(after).offset;
}

function passGap<F extends Frame>(cursor: Cursor<F>, reason: GapReason, at: Position): boolean {
  if (cursor.isAtStart && cursor.position !== 'start') {
    cursor.position = 'start';
    return false;
  }
  cursor.isAtStart = false;
  cursor.gap = { at, reason };
  [cursor.position, cursor.ring] = [at, undefined];
  return true;
}
