import type { Clock } from './ports.ts';

/**
 * Waits for `work` no longer than `ms` milliseconds. What it gives later goes to `onLate`, so that it can be let go; how it
 * fails later is ignored.
 * @throws {Error} when the time is over, or what `work` rejected with
 */
export function awaitWithin<T>(
  clock: Clock,
  ms: number,
  work: () => Promise<T>,
  onLate: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const stop = clock.after(ms, () => {
      isOver = true;
      reject(new Error(`nothing within ${ms} ms`));
    });
    (async () => await work())().then(
      (value) => {
        stop();
        if (isOver) onLate(value);
        else resolve(value);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}
