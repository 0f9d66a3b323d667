import type { Clock } from '../../protocol/index.ts';

/** The process's monotonic clock; its timers do not keep the process alive. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
