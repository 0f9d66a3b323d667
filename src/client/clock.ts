import type { Clock } from '../protocol/index.ts';

/**
 * Creates a clock of wall time that never goes backwards. Not `performance.now()`: on several systems that one stands
 * still while the machine sleeps, and a page that wakes would not notice.
 */
export function createPageClock(): Clock {
  let latest = 0;
  let skewMs = 0;
  return {
    now() {
      const wall = Date.now();
      if (wall < latest) skewMs += latest - wall;
      latest = wall;
      return wall + skewMs;
    },
    after(ms, callback) {
      const timer = setTimeout(callback, Math.max(0, ms)); // Node and Bun warn of less
      return () => clearTimeout(timer);
    },
  };
}
