import type { Clock } from '../protocol/index.ts';

/** Time that moves only when told to. */
export interface FakeClock extends Clock {
  /** Moves time on and calls what falls due, in order, each at its time. */
  advance(ms: number): void;
  /** Moves time on and calls nothing: the process stands still. What fell due is called late, by the next `advance`. */
  stall(ms: number): void;
  /** Stalls, and wakes: what fell due meanwhile is called late, at once. */
  sleep(ms: number): void;
  /** Calls the one timer that is due first, if any is due by now; false: none is. */
  callNext(): boolean;
  /** When the next timer falls due; `Infinity`: there is none. */
  readonly nextAt: number;
  /** Timers that have neither fired nor been stopped. */
  readonly timerCount: number;
}

/** Creates a clock that stands at 0. */
export function createFakeClock(): FakeClock {
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  let now = 0;

  /** The timer that is due first by then: of several due at once the one that was set first. */
  function findNext(end: number) {
    return [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  function callNext(end: number): boolean {
    const next = findNext(end);
    if (!next) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.callback();
    return true;
  }

  function advance(ms: number): void {
    const end = now + ms;
    while (callNext(end));
    now = end;
  }

  function stall(ms: number): void {
    now += ms;
  }

  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance,
    stall,
    sleep(ms) {
      stall(ms);
      advance(0);
    },
    callNext: () => callNext(now),
    get nextAt() {
      return findNext(Number.POSITIVE_INFINITY)?.at ?? Number.POSITIVE_INFINITY;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
