import type { Clock } from '../protocol/index.ts';

/** The process's own clock. Its timers don't keep the process alive. */
export const PROCESS_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
