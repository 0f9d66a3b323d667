import type { Fetch } from 'message-flow/client';

const SLOW_MS = 3_000;

/** The page's way to the server, which can be made slow: on one machine all is confirmed before an eye sees that it was not. */
export interface SlowNetwork {
  readonly fetch: Fetch;
  /** From now on, what is done to the plan takes three seconds to reach the server; or no longer. */
  setSlow(isSlow: boolean): void;
}

export function createSlowNetwork(): SlowNetwork {
  let isSlow = false;
  return {
    async fetch(url, init) {
      if (isSlow && url.endsWith('/actions')) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      return await fetch(url, init);
    },
    setSlow(next) {
      isSlow = next;
    },
  };
}
