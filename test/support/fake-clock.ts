import type { Clock } from 'message-flow/protocol';

/** Time that moves only when told to. */
export interface FakeClock extends Clock {
  /** Moves time on and calls what falls due, in order, each at its time. */
  advance(ms: number): void;
  /** Moves time on and calls nothing: the process stands still. What fell due is called late, by the next `advance`. */
  stall(ms: number): void;
  /** Stalls, and wakes: what fell due meanwhile is called late, at once. */
  sleep(ms: number): void;
  /** Timers that have neither fired nor been stopped. */
  readonly timerCount: number;
}

/** Creates a clock that stands at 0. */
export function createFakeClock(): FakeClock {
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  let now = 0;

  function advance(ms: number): void {
    const end = now + ms;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.callback();
    }
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
    get timerCount() {
      return timers.size;
    },
  };
}
