import { afterEach, expect, test, vi } from 'vitest';
import { createPageClock } from '../../src/client/clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A page clock whose wall clock shows these times, one after another. */
function readAt(...walls: number[]): number[] {
  const clock = createPageClock();
  return walls.map((wall) => {
    vi.spyOn(Date, 'now').mockReturnValue(wall);
    return clock.now();
  });
}

test('a page clock goes with the wall clock, over a sleep too', () => {
  expect(readAt(1_000, 1_500, 3_601_500)).toEqual([1_000, 1_500, 3_601_500]);
});

test('a page clock never goes backwards, and goes on at once when the wall clock was set back', () => {
  expect(readAt(10_000, 4_000, 4_500)).toEqual([10_000, 10_000, 10_500]);
});

test('a stopped timer does not fire', async () => {
  const clock = createPageClock();
  const fired: string[] = [];
  clock.after(0, () => fired.push('stopped'))();
  await new Promise<void>((resolve) => {
    clock.after(1, resolve);
  });
  expect(fired).toEqual([]);
});
