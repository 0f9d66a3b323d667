import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createScale } from '../../../examples/observatory/front/scale.ts';
import { describePeriod } from '../../../examples/observatory/shared/period-text.ts';

const labelsOf = (type: 'linear' | 'log', from: number, to: number) =>
  createScale({ label: '', type, domain: [from, to] }, 0, 100).ticks.map(({ label }) => label);

describe('a scale', () => {
  test.each([
    ['linear', 1749.04, 2008.96, ['1800', '1900', '2000']],
    ['linear', -0.1, 0.3, ['-0.1', '0', '0.1', '0.2', '0.3']],
    ['log', 0.17, 260, ['1', '10', '100']],
    ['log', 3, 60, ['5', '10', '20', '50']],
  ] as const)('has round ticks: %s from %d to %d', (type, from, to, labels) => {
    expect(labelsOf(type, from, to)).toEqual(labels);
  });

  test('begins and ends where it is told to, in equal steps of its kind', () => {
    const scale = createScale({ label: '', type: 'log', domain: [1, 100] }, 0, 200);
    expect([1, 10, 100].map((value) => Math.round(scale.place(value)))).toEqual([0, 100, 200]);
  });

  test('has few ticks, all different and inside, whatever its domain', () => {
    const numbers = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(numbers, fc.double({ noNaN: true, min: 1e-3, max: 1e9 }), (from, range) => {
        const { ticks, place } = createScale({ label: '', type: 'linear', domain: [from, from + range] }, 0, 100);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(new Set(ticks.map(({ value }) => value)).size).toBe(ticks.length);
        expect(ticks.every(({ value }) => place(value) > -0.1 && place(value) < 100.1)).toBe(true);
      }),
    );
  });
});

describe('a period', () => {
  test.each([
    [10.995, 'year', '11.0 years'],
    [0.99951, 'year', '1.00 years'],
    [334.2, 'day', '334 days'],
    [2.5, 'unknown', '2.50'],
    [0.00012, 'day', '0.000120 days'],
  ] as const)('%d in the unit "%s" is read as "%s"', (period, unit, text) => {
    expect(describePeriod(period, unit)).toBe(text);
  });
});
