import type { Clock } from '../protocol/index.ts';

/** Time as this process has it. Its timers do not keep the process alive. */
export const processClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
