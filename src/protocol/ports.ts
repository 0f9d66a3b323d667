/** Undoes what the call that returned it did; calling it again does nothing. */
export type Stop = () => void;

/** Time as the machines see it: milliseconds that never go backwards, and timers in the same unit. */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary zero. */
  now(): number;
  /** Calls back once, no earlier than `ms` milliseconds from now, unless stopped. */
  after(ms: number, callback: () => void): Stop;
}

/** A number from 0 inclusive to 1 exclusive. */
export type Random = () => number;
