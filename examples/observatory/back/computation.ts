import type { Progress } from '../shared/result.ts';
import type { Outcome } from '../shared/run.ts';
import { PeriodogramError } from './periodogram-error.ts';

/**
 * Runs a computation to its outcome: its failure is one too, and so is that somebody cancelled it.
 * @throws {PeriodogramError} `closed`: the server stops, so there is no outcome yet
 */
export async function settleOutcome(compute: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await compute();
  } catch (error) {
    if (!(error instanceof PeriodogramError) || error.code === 'closed') throw error;
    return error.code === 'cancelled' ? { type: 'cancelled' } : { type: 'failed', message: error.message };
  }
}

/** Lets progress through at most once in an interval: a browser needs no more, and a log keeps 1,000 entries. */
export function thinProgress(intervalMs: number, tell: (progress: Progress) => void): (progress: Progress) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (performance.now() - toldAt < intervalMs) return;
    toldAt = performance.now();
    tell(progress);
  };
}
