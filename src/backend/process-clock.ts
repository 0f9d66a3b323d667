import type { Clock } from '../protocol/index.ts';

/** Time as this process has it. Its timers keep the process alive: an awaited send must come to its end. */
export function createProcessClock(): Clock {
  return {
    now: () => performance.now(),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  };
}
