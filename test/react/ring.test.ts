// @vitest-environment happy-dom
import { expect, onTestFinished, test, vi } from 'vitest';
import { noteInto, openRing, say } from '../testing/open-ring.ts';

test('in a page that is made up, a ring does what it does without one', async () => {
  expect(typeof document).toBe('object');
  const ring = openRing();
  const story: string[] = [];
  const page = ring.page('ada', noteInto(story));
  await ring.settle();
  await page.drop(60_000);
  await say(ring, 'ada', 1);
  await ring.advance(60_000);
  expect(story).toEqual(['said 1']);
});

test('where a runner makes up the time, too, it has its own', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const ring = openRing();
  const story: string[] = [];
  const page = ring.page('ada', noteInto(story));
  await ring.settle();
  await page.drop(60_000);
  await say(ring, 'ada', 1);
  await ring.advance(60_000);
  expect(story).toEqual(['said 1']);
});
