import fc from 'fast-check';
import {
  findPositionParts,
  formatPosition,
  isAtOrBefore,
  MAX_POSITION_BYTES,
  type Position,
  tagOf,
} from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

const HEX = [...'0123456789abcdef'];
const parts = fc.record({
  epoch: fc.constantFrom('a', 'b', 'A.b_c~d-1', 'e'.repeat(38)),
  offset: fc.oneof(fc.nat({ max: 5 }), fc.maxSafeNat()),
  tag: fc.oneof(fc.constant(''), fc.string({ unit: fc.constantFrom(...HEX), minLength: 8, maxLength: 8 })),
});
const position = parts.map(formatPosition);

describe('a position', () => {
  test('is read as it was written, and has 64 bytes at most', () => {
    fc.assert(
      fc.property(parts, (mine) => {
        const at = formatPosition(mine);
        expect(findPositionParts(at)).toEqual(mine);
        expect(at.length).toBeLessThanOrEqual(MAX_POSITION_BYTES);
      }),
    );
  });

  test('is any text that has its shape, and none that has not, and reading never throws', () => {
    const near = fc.array(fc.constantFrom('a', ':', ':', '1', '0', '0badf00d', '-', ' ', 'é', '\n', '9'.repeat(16)), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          near.map((list) => list.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const found = findPositionParts(text);
          if (found) expect(text).toMatch(/^[\w.~-]+:\d{1,16}:([0-9a-f]{8})?$/);
          if (found) expect(Number.isSafeInteger(found.offset)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each(['a:0:', 'a:9007199254740991:0badf00d', `${'e'.repeat(38)}:9007199254740991:0badf00d`])('is %j', (text) => {
    expect(findPositionParts(text)).toBeDefined();
  });

  test.each([
    '',
    'start',
    'a',
    'a:1',
    ':1:',
    'a::',
    'a:1:0badf00',
    'a:1:0badf00d0',
    'a:1:0BADF00D',
    'a:1:0badf00g',
    'a:-1:',
    'a:+1:',
    'a:1.5:',
    'a:1e3:',
    'a: 1:',
    'a:0x1:',
    'a:9007199254740992:',
    'a:99999999999999999:',
    'a:1:\n',
    ' a:1:',
    'a:1:0badf00d ',
    'a b:1:',
    'é:1:',
    'a:b:1:',
    'a:1:0badf00d:',
    `${'e'.repeat(39)}:1:`,
  ])('is not %j', (text) => {
    expect(findPositionParts(text)).toBeUndefined();
  });
});

describe('isAtOrBefore', () => {
  test('holds of a position and itself', () => {
    fc.assert(fc.property(position, (a) => void expect(isAtOrBefore(a, a)).toBe(true)));
  });

  test('holds one way or the other in one epoch, and both ways at one offset only', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const [one, other] = [formatPosition(a), formatPosition({ ...b, epoch: a.epoch })];
        const ways = [isAtOrBefore(one, other), isAtOrBefore(other, one)];
        expect(ways).toContain(true);
        expect(ways.every(Boolean)).toBe(a.offset === b.offset);
      }),
    );
  });

  test('is passed on: what is before the one before is before', () => {
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        if (isAtOrBefore(a, b) && isAtOrBefore(b, c)) expect(isAtOrBefore(a, c)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never holds between epochs, nor of what is no position', () => {
    fc.assert(
      fc.property(parts, parts, fc.string(), (a, b, text) => {
        fc.pre(a.epoch !== b.epoch && !findPositionParts(text));
        expect(isAtOrBefore(formatPosition(a), formatPosition(b))).toBe(false);
        expect(isAtOrBefore(text as Position, formatPosition(b))).toBe(false);
        expect(isAtOrBefore(formatPosition(a), text as Position)).toBe(false);
      }),
    );
  });

  test('compares numbers, not texts', () => {
    expect(isAtOrBefore('a:9:' as Position, 'a:10:' as Position)).toBe(true);
    expect(isAtOrBefore('a:10:' as Position, 'a:9:' as Position)).toBe(false);
  });
});

describe('tagOf', () => {
  test('is 8 hex digits, the same for the same key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        expect(tagOf(key)).toMatch(/^[0-9a-f]{8}$/);
        expect(tagOf(key)).toBe(tagOf(`${key}`));
      }),
    );
  });

  test('stays what it was: positions outlive a release', () => {
    expect(['', 'a', 'order-17', 'é 𝄞', '__proto__'].map(tagOf)).toEqual([
      'ab3e7c0b',
      '91e9da27',
      'bba162b9',
      'f0477b67',
      '916b0481',
    ]);
  });

  test('spreads keys that count: each hex digit is as frequent as any other, in every place', () => {
    const count = 32_000;
    const tags = Array.from({ length: count }, (_, i) => tagOf(`order-${i}`));
    for (let place = 0; place < 8; place++) {
      for (const digit of HEX) {
        const share = tags.filter((tag) => tag[place] === digit).length / (count / HEX.length);
        expect(share).toBeGreaterThan(0.85);
        expect(share).toBeLessThan(1.15);
      }
    }
  });

  test('gives 32,000 keys about as many collisions as chance does', () => {
    const tags = new Set(Array.from({ length: 32_000 }, (_, i) => tagOf(`order-${i}`)));
    // By chance 0.12 are expected: n² / 2^33.
    expect(32_000 - tags.size).toBeLessThanOrEqual(2);
  });
});
