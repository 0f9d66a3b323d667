import { expect, test } from 'vitest';
import { createLink } from '../../src/broker/link.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { nextTurn } from '../support/until.ts';

/** A link whose sessions last for so many milliseconds, watched for so many seconds; gives what each opening was told. */
async function openFor({ lastMs, seconds }: { lastMs: number; seconds: number }): Promise<readonly number[]> {
  const clock = createFakeClock();
  const counts: number[] = [];
  const link = createLink({
    ...{ engine: 'an engine', callTimeoutMs: 1_000, clock, random: () => 0 },
    async open(failureCount) {
      counts.push(failureCount);
      const ended = new Promise<string>((resolve) => clock.after(lastMs, () => resolve('it ended')));
      return { ended, close: async () => {} };
    },
  });
  for (let i = 0; i < seconds * 50; i++) {
    await nextTurn();
    clock.advance(20);
  }
  await link.close();
  return counts;
}

test('a server that lets in and ends it at once, time after time, is asked as seldom as one that is away', async () => {
  const counts = await openFor({ lastMs: 0, seconds: 30 });
  expect(counts).toEqual(Array.from({ length: counts.length }, (_, i) => i));
  expect(counts.length).toBeLessThan(20);
});

test('one whose sessions last is asked again soon, and each time as the first', async () => {
  const counts = await openFor({ lastMs: 1_000, seconds: 5 });
  expect(counts).toEqual([0, 0, 0, 0, 0]);
});
