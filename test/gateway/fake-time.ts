import type { Clock } from 'message-flow/protocol';
import { nextTurn } from '../support/until.ts';

/** Time for both clocks of a gateway; it moves only when told to. */
export interface FakeTime {
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** Timers that have neither fired nor been stopped. */
  readonly timerCount: number;
  /** Moves time on and calls what falls due, in order, at its time. */
  advance(ms: number): void;
  /** The same in steps of a second, with turns of the event loop between, so that what was caused comes about. */
  elapse(ms: number): Promise<void>;
  /** Lets time pass in which the process stands still: what fell due is called late. */
  stall(ms: number): void;
}

/** Where wall-clock time begins, in milliseconds since 1970. */
const BEGINNING_MS = 1_800_000_000_000;
const STEP_MS = 1_000;

export function createFakeTime(): FakeTime {
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

  return {
    clock: {
      now: () => now,
      after(ms, callback) {
        const timer = { at: now + ms, callback };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    wallClock: () => BEGINNING_MS + now,
    get timerCount() {
      return timers.size;
    },
    advance,
    async elapse(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        advance(Math.min(left, STEP_MS));
        await nextTurn();
        await nextTurn();
      }
    },
    stall(ms) {
      now += ms;
    },
  };
}
