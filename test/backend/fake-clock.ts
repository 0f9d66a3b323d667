import type { Clock } from 'message-flow/protocol';

/** Time that moves only when told to. */
export interface FakeClock extends Clock {
  /** Moves time on and calls what falls due, in order. */
  advance(ms: number): void;
  /** Timers that have neither fired nor been stopped. */
  readonly timerCount: number;
}

export function createFakeClock(): FakeClock {
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  let now = 0;
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        now = next.at;
        next.callback();
      }
      now = end;
    },
    get timerCount() {
      return timers.size;
    },
  };
}
