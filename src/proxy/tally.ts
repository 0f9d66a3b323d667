import type { Clock, Stop } from '../protocol/index.ts';

/** Counts what goes wrong, and tells of it at once, but of what goes wrong often only now and then. */
export interface Tally<R extends string> {
  count(reason: R): void;
  /** All that was counted, by reason. */
  readonly totals: Readonly<Partial<Record<R, number>>>;
  /** Tells the rest. */
  close(): void;
}

/** Creates a tally; `tell` gets how many came of a reason since it was last told of it, at most once in `intervalMs`. */
export function createTally<R extends string>(
  clock: Clock,
  intervalMs: number,
  tell: (reason: R, count: number) => void,
): Tally<R> {
  const totals: Partial<Record<R, number>> = {};
  const untold = new Map<R, { count: number; stop: Stop }>();

  function rest(reason: R): void {
    const last = untold.get(reason);
    untold.delete(reason);
    if (last && last.count > 0) begin(reason, last.count);
  }

  function begin(reason: R, count: number): void {
    untold.set(reason, { count: 0, stop: clock.after(intervalMs, () => rest(reason)) });
    tell(reason, count);
  }

  return {
    totals,
    count(reason) {
      totals[reason] = (totals[reason] ?? 0) + 1;
      const last = untold.get(reason);
      if (last) last.count++;
      else begin(reason, 1);
    },
    close() {
      for (const [reason, { count, stop }] of untold) {
        stop();
        if (count > 0) tell(reason, count);
      }
      untold.clear();
    },
  };
}
