/** A token bucket: `perSecond` on average, `burst` at once. */
export interface RateLimit {
  /** Takes one; false when there is none. */
  take(now: number): boolean;
}

/** Creates a full bucket. */
export function createRateLimit(perSecond: number, burst: number): RateLimit {
  let level = burst;
  let filledAt = Number.NEGATIVE_INFINITY;

  return {
    take(now) {
      level = Math.min(burst, level + ((now - filledAt) / 1_000) * perSecond);
      filledAt = now;
      if (level < 1) return false;
      level--;
      return true;
    },
  };
}
