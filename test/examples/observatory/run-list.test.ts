import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeProgress, mergeRun } from '../../../examples/observatory/front/run-list.ts';
import type { Run, RunState } from '../../../examples/observatory/shared/run.ts';

function runOf(id: string, state: RunState): Run {
  return { id, fileName: `${id}.csv`, at: `2025-01-0${id}T00:00:00.000Z`, state };
}

const WAY: readonly RunState[] = [
  { type: 'queued' },
  { type: 'running', progress: { done: 1, total: 9 } },
  { type: 'running', progress: { done: 5, total: 9 } },
  { type: 'cancelled' },
];

test('in whatever order and however often the news of runs come, the list ends the same, newest first', () => {
  const news = ['1', '2', '3'].flatMap((id) => WAY.map((state) => runOf(id, state)));
  const orders = fc
    .array(fc.constantFrom(...news))
    .chain((repeated) => fc.shuffledSubarray([...news, ...repeated], { minLength: news.length + repeated.length }));
  fc.assert(
    fc.property(orders, (order) => {
      const expected = ['3', '2', '1'].map((id) => runOf(id, { type: 'cancelled' }));
      expect(order.reduce(mergeRun, [] as readonly Run[])).toEqual(expected);
    }),
  );
});

test('the first end of a run is its end', () => {
  const failed = runOf('1', { type: 'failed', message: 'it crashed' });
  expect(mergeRun([failed], runOf('1', { type: 'cancelled' }))).toEqual([failed]);
});

test('progress of a run that is not known is left out', () => {
  expect(mergeProgress([], '1', { done: 1, total: 9 })).toEqual([]);
});

test('a list that learns nothing stays the same object', () => {
  const runs = [runOf('1', { type: 'queued' })];
  expect(mergeRun(runs, runOf('1', { type: 'queued' }))).toBe(runs);
});
