import { contract, runAction, store, type } from 'message-flow/contract';
import { describe, expect, test } from 'vitest';

const counter = store('counter/:id', type<{ n: number }>()).actions((on) => ({
  add: on(type<number>(), (draft, by) => {
    draft.n += by;
  }),
}));

describe('a store', () => {
  test('runs its actions and leaves the old state alone', () => {
    const before = { n: 1 };
    expect(runAction(counter, before, 'add', 2)).toEqual({ n: 3 });
    expect(before).toEqual({ n: 1 });
  });

  test.each(['sub', 'constructor', '__proto__', 'toString'])('has no action "%s" unless it is declared', (name) => {
    expect(() => runAction(counter, { n: 1 }, name, 2)).toThrow(RangeError);
  });

  test('is refused where its pattern can not be used', () => {
    expect(() => store('a//b', type<{ n: number }>())).toThrow(RangeError);
  });

  test.each(['', 'x'.repeat(129)])('is refused where an action is called "%s"', (name) => {
    const beginning = store('a', type<{ n: number }>());
    expect(() => beginning.actions((on) => ({ [name]: on(type<number>(), () => {}) }))).toThrow(RangeError);
  });
});

test('a contract refuses two stores that can name one log', () => {
  const other = store(':kind/main', type<{ n: number }>()).actions(() => ({}));
  expect(() => contract({ stores: [counter, other] })).toThrow('stores "counter/:id" and ":kind/main"');
});

test('a contract takes a store and a channel of one pattern: their logs differ', () => {
  expect(contract({ stores: [counter] }).stores).toEqual([counter]);
});
