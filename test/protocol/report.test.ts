import { createReport } from 'message-flow/protocol';
import { expect, test } from 'vitest';

test('a listener hears each event', () => {
  const heard: string[] = [];
  const report = createReport<string>((event) => heard.push(event));
  report('one');
  report('two');
  expect(heard).toEqual(['one', 'two']);
});

test('what a listener throws is let go', () => {
  const report = createReport(() => {
    throw new Error('broken listener');
  });
  expect(() => report('one')).not.toThrow();
});

test('what an async listener rejects with ends no process', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  createReport(async () => {
    throw new Error('broken listener');
  })('one');
  await new Promise((resolve) => setTimeout(resolve, 0)); // Node looks for unhandled rejections after a turn
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
