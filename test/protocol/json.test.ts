import fc from 'fast-check';
import { encodeJson, findJson, isJsonObject } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

describe('encodeJson', () => {
  test('writes what findJson reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = encodeJson(value);
        expect(JSON.stringify(findJson(text)?.value)).toBe(text);
      }),
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const throwing = (thrown: unknown) => ({
    toJSON() {
      throw thrown;
    },
  });
  test.each([
    ['undefined', undefined, 'undefined has no JSON'],
    ['a function', () => {}, 'function has no JSON'],
    ['a symbol', Symbol('x'), 'symbol has no JSON'],
    ['a bigint', 1n, 'BigInt'],
    ['a cycle', cycle, 'circular'],
    ['what throws a text', throwing('no'), 'Cannot encode data: no'],
    ['what throws nothing', throwing(null), 'Cannot encode data: null'],
  ])('refuses %s', (_, value, message) => {
    expect(() => encodeJson(value)).toThrow(TypeError);
    // Engines say it in other words; V8's are tested.
    if (!('Bun' in globalThis)) expect(() => encodeJson(value)).toThrow(message);
  });
});

test('findJson never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      findJson(text);
    }),
  );
  expect(findJson('null')).toEqual({ value: null });
  expect(findJson('')).toBeUndefined();
  findJson('['.repeat(100_000));
});

test.each([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  ['{}', false],
  [0, false],
])('isJsonObject(%j) is %j', (value, isObject) => {
  expect(isJsonObject(value)).toBe(isObject);
});
