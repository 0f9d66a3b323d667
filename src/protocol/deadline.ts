import type { Clock } from './ports.ts';

/**
 * Waits for `work` no longer than `ms` milliseconds; what it does later is ignored.
 * @throws {Error} when the time is over, or what `work` rejected with
 */
export async function awaitWithin<T>(clock: Clock, ms: number, work: () => Promise<T>): Promise<T> {
  let stop = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    stop = clock.after(ms, () => reject(new Error(`nothing within ${ms} ms`)));
  });
  try {
    return await Promise.race([work(), tooLate]);
  } finally {
    stop();
  }
}
