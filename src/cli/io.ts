import type { Clock, Random } from '../protocol/index.ts';

/** Where text goes. */
export interface Sink {
  write(text: string): unknown;
}

/** All that a program has of the world, so that a test can be its world. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Where relative paths begin. */
  readonly cwd: string;
  /** Aborted when the program is to end in good order. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Wall-clock time, in milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly random: Random;
}
