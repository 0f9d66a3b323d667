import type { Clock } from '../protocol/index.ts';

/** The process's own clock. */
export const PROCESS_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
