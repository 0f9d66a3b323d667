import { expect, test } from 'vitest';
import { formatResults, isWhole, putResults } from './report.ts';
import type { Result } from './results.ts';

const NONE = { lost: 0, duplicated: 0, reordered: 0, phantom: 0, divergent: 0, falseGap: 0, silent: 0 };
const RESULT: Result = {
  ...{ engine: 'one', fault: 'fall', tookMs: 1, counts: NONE, acknowledgedCount: 9, deliveredCount: 1_234 },
  ...{ gapCount: 0, forgottenCount: 0, untoldCount: 0, recoveriesMs: [40, 1_250], faults: [] },
};
const PLAN = {
  rows: [{ name: 'fall', says: 'it falls' }],
  columns: [{ name: 'one', says: 'alone' }],
  conditions: 'a machine',
};

function cellOf(result: Result): string | undefined {
  return formatResults([result], PLAN)
    .split('\n')
    .find((line) => line.startsWith('| it falls'));
}

test('a cell says what was wrong of how much, and the longest time to recover', () => {
  expect(cellOf(RESULT)).toBe('| it falls | **0** of 1,234; 1.3 s |');
});

test('a cell names what was wrong, what was told and what was forgotten', () => {
  const bad = { ...RESULT, counts: { ...NONE, lost: 2 }, gapCount: 3, forgottenCount: 4, untoldCount: 1 };
  expect(cellOf(bad)).toBe('| it falls | **3** of 1,234 (lost 2, untold 1); 3 gaps; 4 forgotten; 1.3 s |');
});

test('results go into their place, and the text around them stays', () => {
  const document = 'before\n<!-- results: written by `make faults` -->\nold\n<!-- end of results -->\nafter\n';
  expect(putResults(document, 'new')).toBe(document.replace('old', 'new'));
  expect(() => putResults('no place', 'new')).toThrow(RangeError);
});

test('a matrix is whole when each cell that fits has its run', () => {
  const [row, column] = [{ name: 'fall', fits: () => true }, { name: 'one' }] as unknown as [
    Parameters<typeof isWhole>[1][number],
    Parameters<typeof isWhole>[2][number],
  ];
  expect(isWhole([RESULT], [row], [column])).toBe(true);
  expect(isWhole([], [row], [column])).toBe(false);
  expect(isWhole([], [{ ...row, fits: () => false }], [column])).toBe(true);
});
