import type { Clock, Stop } from '../../protocol/index.ts';

/** Timers that end together. */
export interface Timers {
  /** Calls back once, after `ms` milliseconds, unless the timers end before. */
  wake(ms: number, callback: () => void): Stop;
  /** Resolves after `ms` milliseconds, or when the timers end. */
  pause(ms: number): Promise<void>;
  end(): void;
}

/** Creates timers on a clock. */
export function createTimers(clock: Clock): Timers {
  const pending = new Map<object, { readonly stop: Stop; readonly onEnd: () => void }>();
  let hasEnded = false;

  function start(ms: number, callback: () => void, onEnd: () => void): Stop {
    if (hasEnded) {
      onEnd();
      return () => {};
    }
    const id = {};
    const stop = clock.after(ms, () => {
      pending.delete(id);
      callback();
    });
    pending.set(id, { stop, onEnd });
    return () => {
      pending.delete(id);
      stop();
    };
  }

  return {
    wake: (ms, callback) => start(ms, callback, () => {}),
    pause: (ms) => new Promise((resolve) => start(ms, resolve, resolve)),
    end() {
      hasEnded = true;
      for (const { stop, onEnd } of pending.values()) {
        stop();
        onEnd();
      }
      pending.clear();
    },
  };
}
