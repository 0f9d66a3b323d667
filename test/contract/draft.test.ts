import fc from 'fast-check';
import { applyPatch, changeState, createPatch } from 'message-flow/contract';
import { describe, expect, test } from 'vitest';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Holder = Record<string | number, Json>;

const KEYS = ['a', 'b', 'a/b', '~', '~1', '', '0', 'constructor', 'toString', '-'];
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, 1, 2, 'x', 'y', ''),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5 }),
  ),
})).value;
const root = json.filter((value) => typeof value === 'object' && value !== null) as fc.Arbitrary<Json[] | Holder>;

/** One edit: where, by steps that are taken as far as they lead, and what is done there. */
const edit = fc.record({
  steps: fc.array(fc.nat(6), { maxLength: 4 }),
  what: fc.constantFrom('set', 'delete', 'push', 'pop', 'shift', 'splice', 'sort', 'reverse', 'move', 'filter', 'fill'),
  at: fc.nat(8),
  value: json,
});

/** Alters a state, or a draft of it, in the same manner. */
function alter(state: object, edits: readonly (typeof edit extends fc.Arbitrary<infer T> ? T : never)[]): void {
  for (const { steps, what, at, value } of edits) {
    let place = state as Holder;
    for (const step of steps) {
      const keys = Object.keys(place);
      const next = place[keys[step % Math.max(1, keys.length)] ?? ''];
      if (typeof next === 'object' && next !== null) place = next as Holder;
    }
    const keys = Object.keys(place);
    const key = keys[at % Math.max(1, keys.length)] ?? 'a';
    const copy = structuredClone(value);
    if (!Array.isArray(place)) {
      if (what === 'delete') delete place[key];
      else if (what === 'move') {
        const moved = place[key];
        delete place[key];
        if (moved !== undefined) place['moved/here'] = moved;
      } else place[at % 2 === 0 ? key : (KEYS[at] ?? 'a')] = copy;
    } else if (what === 'push') place.push(copy, structuredClone(value));
    else if (what === 'pop') place.pop();
    else if (what === 'shift') place.shift();
    else if (what === 'splice') place.splice(at % (place.length + 1), steps.length, copy);
    else if (what === 'sort') place.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    else if (what === 'reverse') place.reverse();
    else if (what === 'move' && place.length > 0) place.unshift(place.splice(at % place.length, 1)[0] as Json);
    else if (what === 'filter') place.splice(0, place.length, ...place.filter((_, i) => i % 2 === 0));
    else if (what === 'fill' && place.length > 0) place[at % place.length] = copy;
  }
}

describe('a change', () => {
  test('gives what the same edits make of a plain copy, and a patch that leads there', () => {
    fc.assert(
      fc.property(root, fc.array(edit, { maxLength: 8 }), (before, edits) => {
        const kept = structuredClone(before);
        const plain = structuredClone(before);
        alter(plain, edits);
        const after = changeState(before, (draft) => alter(draft, edits));
        expect(before).toEqual(kept);
        expect(after).toEqual(JSON.parse(JSON.stringify(plain)));
        const patch = JSON.parse(JSON.stringify(createPatch(before, after)));
        expect(applyPatch(before, patch)).toEqual(after);
        expect(before).toEqual(kept);
        expect(JSON.stringify(applyPatch(kept, patch))).toBe(JSON.stringify(after));
      }),
      { numRuns: 3_000 },
    );
  });

  test('any state leads to any other by a patch, its members in the same order', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(JSON.stringify(applyPatch(before, createPatch(before, after)))).toBe(JSON.stringify(after));
      }),
      { numRuns: 2_000 },
    );
  });

  test('that moves a member to the end is a patch of that member', () => {
    const before = { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } };
    const after = changeState<Partial<typeof before>>(before, (draft) => {
      const { a } = draft;
      delete draft.a;
      if (a) draft.a = a;
    });
    expect(createPatch(before, after)).toEqual([
      { op: 'remove', path: '/a' },
      { op: 'add', path: '/a', value: { n: 1 } },
    ]);
  });

  test('that adds a number before others is a patch of that member, as numbers come in their order anyway', () => {
    expect(createPatch({ 5: 'x', 7: 'y', a: 'z' }, { 5: 'x', 6: 'new', 7: 'y', a: 'z' })).toEqual([
      { op: 'add', path: '/6', value: 'new' },
    ]);
  });

  test('shares what it did not touch', () => {
    const before = { a: { x: 1 }, b: { y: [{ z: 1 }, { z: 2 }] } };
    const after = changeState(before, (draft) => {
      const item = draft.b.y[1];
      if (item) item.z = 3;
    });
    expect(after.a).toBe(before.a);
    expect(after.b.y[0]).toBe(before.b.y[0]);
    expect(after.b).not.toBe(before.b);
  });

  test('shares items that it only moved', () => {
    const before = { list: [{ n: 2 }, { n: 1 }] };
    const after = changeState(before, (draft) => draft.list.sort((a, b) => a.n - b.n));
    expect(after.list[0]).toBe(before.list[1]);
    expect(after.list[1]).toBe(before.list[0]);
  });

  test('shares items that it filtered', () => {
    const before = { list: [{ n: 2 }, { n: 1 }] };
    const after = changeState(before, (draft) => {
      draft.list = draft.list.filter(({ n }) => n > 1);
    });
    expect(after.list).toEqual([{ n: 2 }]);
    expect(after.list[0]).toBe(before.list[0]);
  });

  test('that changes nothing gives the state itself', () => {
    const before = { list: [{ n: 1 }] };
    const look = (draft: typeof before) => {
      draft.list[0]?.n;
      draft.list = draft.list as typeof draft.list;
    };
    expect(changeState(before, look)).toBe(before);
  });

  test('to an item that was taken out and put elsewhere goes with it', () => {
    type Lists = { todo: { when?: number }[]; done: { when?: number }[] };
    const after = changeState<Lists>({ todo: [{}], done: [] }, (draft) => {
      const card = draft.todo.pop();
      if (!card) return;
      draft.done.push(card);
      card.when = 5;
    });
    expect(after).toEqual({ todo: [], done: [{ when: 5 }] });
  });

  test('to one of two places that hold the same object leaves the other alone', () => {
    const shared = { n: 1 };
    const after = changeState({ a: shared, b: shared }, (draft) => {
      draft.a.n = 2;
    });
    expect(after).toEqual({ a: { n: 2 }, b: { n: 1 } });
  });

  test('leaves what was given to it alone', () => {
    const input = { tags: ['x'] };
    const after = changeState({ card: undefined as typeof input | undefined }, (draft) => {
      draft.card = input;
      draft.card?.tags.push('y');
    });
    expect(after).toEqual({ card: { tags: ['x', 'y'] } });
    expect(input).toEqual({ tags: ['x'] });
  });

  test('lets no draft out: what is done to one later changes no state', () => {
    let leaked: { n: number } | undefined;
    const before = { a: { n: 1 } };
    const after = changeState(before, (draft) => {
      leaked = draft.a;
      draft.a.n = 2;
    });
    if (leaked) leaked.n = 9;
    expect([before.a.n, after.a.n]).toEqual([1, 2]);
  });

  test('ends as JSON does: dates are text, undefined is left out, holes and NaN are null', () => {
    const after = changeState<Record<string, unknown>>({ gone: 1 }, (draft) => {
      draft.at = new Date(0);
      draft.gone = undefined;
      const list: unknown[] = [Number.NaN, undefined];
      list[3] = 1;
      draft.list = list;
    });
    expect(after).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [null, null, null, 1] });
  });

  test('ends as JSON does for what it put there and looked at, too', () => {
    const cards = [{ at: new Date(0), note: undefined, n: Number.NaN }];
    const after = changeState<Record<string, unknown>>({}, (draft) => {
      draft.cards = cards;
      const [card] = draft.cards as typeof cards;
      draft.seen = card?.at.getTime();
    });
    expect(after).toStrictEqual({ cards: [{ at: '1970-01-01T00:00:00.000Z', n: null }], seen: 0 });
  });

  test('has no members in it but own ones', () => {
    changeState({ cards: { a: 1 }, list: [1] }, (draft) => {
      expect(['a', 'constructor', '__proto__', 'toString'].map((id) => id in draft.cards)).toEqual([
        true,
        false,
        false,
        false,
      ]);
      expect([0 in draft.list, 1 in draft.list, 'length' in draft.list]).toEqual([true, false, true]);
    });
  });

  test('by an asynchronous function is refused, and what that rejects with ends no process', async () => {
    const before = { n: 1 };
    const change = async (draft: typeof before) => {
      draft.n = 2;
      throw new Error('too late for anybody');
    };
    expect(() => changeState(before, change)).toThrow('asynchronous');
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail this run
    expect(before).toEqual({ n: 1 });
  });

  test('shows no members but own ones', () => {
    const before: { cards: Record<string, { done: boolean }> } = { cards: {} };
    const after = changeState(before, (draft) => {
      for (const id of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
        const card = draft.cards[id];
        if (card) card.done = true;
      }
    });
    expect(after).toBe(before);
    expect(({} as { done?: boolean }).done).toBeUndefined();
  });

  test.each([
    ['a member __proto__', (draft: Holder) => Reflect.set(draft, '__proto__', { polluted: true })],
    [
      'a member __proto__ inside of what is given',
      (draft: Holder) => {
        draft.a = JSON.parse('{"b": {"__proto__": {"polluted": true}}}');
      },
    ],
    ['a cycle of drafts', (draft: Holder) => Object.assign(draft.child as Holder, { parent: draft })],
    [
      'a cycle',
      (draft: Holder) => {
        const own: Holder = {};
        own.own = own;
        draft.a = own;
      },
    ],
    [
      'a member __proto__ inside of what is given and looked at',
      (draft: Holder) => {
        draft.a = JSON.parse('{"b": {"__proto__": {"polluted": true}}}');
        return (draft.a as Holder).b;
      },
    ],
    [
      'a cycle that was looked at',
      (draft: Holder) => {
        const own: Holder = {};
        own.own = own;
        draft.a = own;
        return (draft.a as Holder).own;
      },
    ],
    ['an accessor', (draft: Holder) => Object.defineProperty(draft, 'a', { get: () => 1 })],
    ['a prototype', (draft: Holder) => Object.setPrototypeOf(draft, { polluted: true })],
    ['a bigint', (draft: Holder) => Object.assign(draft, { a: 1n })],
  ])('refuses %s', (_, change) => {
    const before = { child: {} };
    expect(() => changeState(before as Holder, change)).toThrow(TypeError);
    expect(before).toEqual({ child: {} });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a patch that does not fit is refused, and changes nothing', () => {
  test.each([
    ['a place that is not there', [{ op: 'replace', path: '/b', value: 1 }]],
    ['a place below one that is not there', [{ op: 'add', path: '/b/c', value: 1 }]],
    ['a place in a text', [{ op: 'add', path: '/text/0', value: 1 }]],
    ['a place beyond a list', [{ op: 'add', path: '/list/3', value: 1 }]],
    ['a number with zeros', [{ op: 'remove', path: '/list/00' }]],
    ['the end of a list, to remove', [{ op: 'remove', path: '/list/-' }]],
    ['a path without a slash', [{ op: 'remove', path: 'list' }]],
    ['a prototype', [{ op: 'add', path: '/__proto__', value: { polluted: true } }]],
    ['a place in a prototype', [{ op: 'add', path: '/__proto__/polluted', value: true }]],
    ['a place in a constructor', [{ op: 'add', path: '/constructor/prototype/polluted', value: true }]],
    ['another operation', [{ op: 'move', from: '/list', path: '/moved' }]],
    [
      'the second of two',
      [
        { op: 'remove', path: '/list/0' },
        { op: 'remove', path: '/list/9' },
      ],
    ],
  ])('%s', (_, patch) => {
    const before = { text: 'x', list: [1, 2] };
    expect(() => applyPatch(before, patch as Parameters<typeof applyPatch>[1])).toThrow();
    expect(before).toEqual({ text: 'x', list: [1, 2] });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('while the end of a list, to add to, fits', () => {
    expect(applyPatch({ list: [1] }, [{ op: 'add', path: '/list/-', value: 2 }])).toEqual({ list: [1, 2] });
  });
});
