import type { Clock } from 'message-flow/protocol';
import { createFakeClock } from '../support/fake-clock.ts';
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

/** Creates time that stands at the beginning. */
export function createFakeTime(): FakeTime {
  const clock = createFakeClock();
  return {
    clock,
    wallClock: () => BEGINNING_MS + clock.now(),
    get timerCount() {
      return clock.timerCount;
    },
    advance: clock.advance,
    stall: clock.stall,
    async elapse(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(left, STEP_MS));
        await nextTurn();
        await nextTurn();
      }
    },
  };
}
