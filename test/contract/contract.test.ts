import fc from 'fast-check';
import { channel, contract, type Events, fillPattern, type } from 'message-flow/contract';
import { RESERVED_IDS } from 'message-flow/protocol';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/** Events as someone without types writes them. */
function eventsOf(...names: string[]): Record<never, never> {
  return Object.fromEntries(names.map((name) => [name, type()]));
}

describe('a contract', () => {
  test('holds its events and channels', () => {
    const notice = type<string>();
    const project = channel('project/:projectId', { saved: z.object({ path: z.string() }) });
    const app = contract({ events: { notice }, channels: [project] });
    expect([app.events.notice, app.channels[0]]).toEqual([notice, project]);
  });

  test('may be empty', () => {
    expect(contract({})).toEqual({ events: {}, channels: [], stores: [] });
  });

  test.each(RESERVED_IDS)('refuses an event called %s, in its own events and in a channel', (id) => {
    expect(() => contract({ events: eventsOf(id) })).toThrow('the protocol uses this id itself');
    expect(() => channel('news', eventsOf('ok', id))).toThrow(RangeError);
  });

  test.each([
    'TASK DONE',
    'auth',
    'AUTH ',
    'order/shipped',
    'é',
    '__proto__',
    'constructor',
    'x'.repeat(128),
    'é'.repeat(64),
  ])('takes an event called %j', (name) => {
    expect(() => contract({ events: { [name]: type() } as Events as Record<never, never> })).not.toThrow();
  });

  test.each(['', 'x'.repeat(129), 'é'.repeat(65)])('refuses an event called %j, by its bytes', (name) => {
    expect(() => contract({ events: eventsOf(name) })).toThrow('names have 1 to 128 bytes');
  });

  test.each([
    ['a/:b', 'a/:b'],
    ['a/:b', 'a/:c'],
    ['a/:b', ':c/b'],
    ['a/:b', 'a/x'],
    [':a', 'x'],
    [':a/:b/c', 'x/y/:z'],
  ])('refuses the channels %j and %j, which can name one log', (one, other) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      expect(() =>
        contract({ channels: [channel(first, {}), channel('far/away/from/all', {}), channel(second, {})] }),
      ).toThrow('can name one log');
    }
  });

  test.each([
    ['a/:b', 'a/:b/c'],
    ['a/:b', 'b/:b'],
    ['a/:b/x', 'a/:b/y'],
    ['a', 'A'],
    ['a b', 'a%20b'],
  ])('takes the channels %j and %j, which can not', (one, other) => {
    expect(contract({ channels: [channel(one, {}), channel(other, {})] }).channels.length).toBe(2);
  });

  test('refuses two channels exactly when one log could be both', () => {
    const segment = fc.constantFrom('a', 'b', ':p', ':q');
    const pattern = fc
      .uniqueArray(segment, { minLength: 1, maxLength: 3, comparator: (x, y) => x.startsWith(':') && x === y })
      .map((segments) => segments.join('/'));
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const isTaken = isAccepted(one, other);
        const names = [one, other].map((text) => new Set(fillAll(text)));
        const isShared = [...(names[0] ?? [])].some((name) => names[1]?.has(name));
        expect(isTaken).toBe(!isShared);
      }),
    );
  });
});

describe('a schema', () => {
  test('of type() takes a value at its word', () => {
    const value = { a: 1 };
    expect(type<string>()['~standard'].validate(value)).toEqual({ value });
  });

  test.each([
    ['zod', z.object({ n: z.number() })],
    ['valibot', v.object({ n: v.number() })],
  ])('of %s is taken as it is', (_, schema) => {
    const app = contract({ events: { counted: schema } });
    expect(app.events.counted['~standard'].validate({ n: 1 })).toEqual(expect.objectContaining({ value: { n: 1 } }));
    expect(app.events.counted['~standard'].validate({ n: '1' })).toEqual(
      expect.objectContaining({ issues: [expect.objectContaining({ message: expect.any(String) })] }),
    );
  });
});

function isAccepted(one: string, other: string): boolean {
  try {
    contract({ channels: [channel(one, {}), channel(other, {})] });
    return true;
  } catch {
    return false; // they overlap: all else about these patterns is sound
  }
}

/** Every name that a pattern can be filled to from three values. */
function fillAll(pattern: string): string[] {
  const values = ['a', 'b', 'c'];
  return values.flatMap((p) => values.map((q) => fillPattern('channel', pattern, { p, q })));
}
