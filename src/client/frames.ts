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
  /** What is being called. One of these may flush, as when it ends an effect: those behind it are then called first. */
  let due: (() => void)[] = [];
  let stopTimer: Stop | undefined;
  /** A frame was asked for, and has not come: a hidden page keeps all that it is asked for until it is shown. */
  let isAsked = false;

  function flush(): void {
    stopTimer?.();
    stopTimer = undefined;
    due = [...due, ...waiting];
    waiting = [];
    for (let call = due.shift(); call; call = due.shift()) call();
  }

  function schedule(): void {
    stopTimer = source?.clock.after(LONGEST_FRAME_MS, flush);
    if (isAsked) return;
    isAsked = true;
    source?.page?.requestAnimationFrame?.(() => {
      isAsked = false;
      flush();
    });
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
