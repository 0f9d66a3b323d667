import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawStayMs, drawWaitMs } from '../../src/client/backoff.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failureCount = fc.nat({ max: 10_000 });

test('a wait is at least nothing and at most 30 s, times the patience', () => {
  fc.assert(
    fc.property(failureCount, fc.constantFrom(1, 4), chance, (failures, patience, drawn) => {
      const waitMs = drawWaitMs(failures, patience, () => drawn);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThan(30_000 * patience);
    }),
  );
});

test('the bound of a wait doubles with each failure, from 2 s', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), chance, (failures, drawn) => {
      expect(drawWaitMs(failures, 1, () => drawn)).toBeCloseTo(drawn * 2_000 * 2 ** failures);
    }),
  );
});

test('the jitter is full: a wait is spread evenly from nothing on', () => {
  fc.assert(
    fc.property(failureCount, (failures) => {
      expect(drawWaitMs(failures, 1, () => 0)).toBe(0);
      expect(drawWaitMs(failures, 1, () => 0.5)).toBe(2 * drawWaitMs(failures, 1, () => 0.25));
    }),
  );
});

test('without patience a wait is at most 2 s', () => {
  fc.assert(
    fc.property(failureCount, chance, (failures, drawn) => {
      expect(drawWaitMs(failures, 0, () => drawn)).toBeLessThan(2_000);
    }),
  );
});

test('hidden pages stay at a draining gateway longer than visible ones, and none to its end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600_000 }), chance, chance, (withinMs, one, other) => {
      const [visible, hidden] = [drawStayMs(withinMs, false, () => one), drawStayMs(withinMs, true, () => other)];
      expect(visible).toBeLessThanOrEqual(hidden);
      expect(hidden).toBeLessThan(withinMs);
    }),
  );
});
