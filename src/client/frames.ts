import type { Clock, Stop } from '../protocol/index.ts';
import type { Page } from './options.ts';

/** What waits for the next frame: for what is built on a client and draws, so that many entries are drawn once. */
export interface Frames {
  /** Calls back with the next frame, in the order of these calls. The promise has what the call gave, or threw. */
  put<T>(call: () => T): Promise<T>;
  /** Calls all that waits now. */
  flush(): void;
}

/** Where frames come from: a client is one. */
export interface FrameSource {
  readonly page: Pick<Page, 'requestAnimationFrame'> | null;
  readonly clock: Clock;
}

/** A hidden page paints nothing, and a server has no frames: then, in milliseconds, it is time. */
const LONGEST_FRAME_MS = 50;
/** No more calls wait than these: a hidden page's timers may come once a minute. */
const MAX_WAITING = 1_000;

/** Creates frames in which nothing waits. Without a source nothing may be put. */
export function createFrames(source: FrameSource | undefined): Frames {
  let waiting: (() => void)[] = [];
  let stopTimer: Stop | undefined;

  function flush(): void {
    stopTimer?.();
    stopTimer = undefined;
    const due = waiting;
    waiting = [];
    for (const call of due) call();
  }

  function schedule(): void {
    const stop = source?.clock.after(LONGEST_FRAME_MS, flush);
    stopTimer = stop;
    // One that comes late, after the timer or a flush, is not the frame of what waits since.
    source?.page?.requestAnimationFrame?.(() => stopTimer === stop && flush());
  }

  return {
    put<T>(call: () => T) {
      const called = new Promise<T>((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(call());
          } catch (error) {
            reject(error);
          }
        });
      });
      if (waiting.length >= MAX_WAITING) flush();
      else if (!stopTimer) schedule();
      return called;
    },
    flush,
  };
}
