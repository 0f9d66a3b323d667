import type { Random } from '../protocol/index.ts';

const BASE_MS = 2_000;
const CAP_MS = 30_000;
/** Whatever a gateway says, it is not believed to drain for longer, in milliseconds. */
const MAX_DRAIN_MS = 600_000;

/**
 * Draws how long to wait before the next try, in milliseconds, with full jitter: evenly from 0 to 2 s, twice as much after
 * each failure, at most 30 s; all of it `patience` times. The first try waits too: ten thousand clients lose one gateway in
 * the same moment. Patience 0: up to 2 s, whatever failed before.
 */
export function drawWaitMs(failureCount: number, patience: number, random: Random): number {
  return random() * (patience ? patience * Math.min(CAP_MS, BASE_MS * 2 ** failureCount) : BASE_MS);
}

/**
 * Draws how long to stay at a gateway that leaves within this time, in milliseconds: visible pages leave in the first part
 * of it, hidden ones in the second, none at the very end.
 */
export function drawStayMs(withinMs: number, isHidden: boolean, random: Random): number {
  return Math.min(withinMs, MAX_DRAIN_MS) * 0.45 * (random() + (isHidden ? 1 : 0));
}
