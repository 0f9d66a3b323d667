import fc from 'fast-check';
import type { Entry } from 'message-flow/broker';
import { type EncodedJson, formatPosition, type Position, tagOf } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createRing, positionBefore, type Ring } from '../../src/gateway/ring.ts';

interface Keys {
  readonly byteLength: number;
  readonly keys: readonly string[];
}

const CODEC = {
  encode: ({ key, data }: Entry): Keys => ({ byteLength: data.length, keys: [key] }),
  join: (frames: readonly Keys[]): Keys => ({
    byteLength: frames.reduce((sum, { byteLength }) => sum + byteLength, 0),
    keys: frames.flatMap(({ keys }) => keys),
  }),
};
const BASE = formatPosition({ epoch: 'e', offset: 10, tag: '' });

/** A log's entries in order, with steps between their offsets as engines make them, and sizes of their data. */
const logs = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 3 }), bytes: fc.integer({ min: 2, max: 50 }) }), { maxLength: 30 })
  .map((steps) => {
    const entries: Entry[] = [];
    let offset = 10;
    let tag: string | undefined;
    for (const [i, { step, bytes }] of steps.entries()) {
      const key = `key ${i}`;
      const previous = tag === undefined ? { offset } : { offset, tag };
      offset += step;
      tag = tagOf(key);
      const data = `"${'x'.repeat(bytes - 2)}"` as EncodedJson;
      entries.push({ key, event: 'said', data, at: formatPosition({ epoch: 'e', offset, tag }), previous, ts: 0 });
    }
    return entries;
  });

function ringOf(entries: readonly Entry[], base: Position = BASE): Ring<Keys> {
  const ring = createRing(base, CODEC);
  for (const entry of entries) ring.push(entry);
  return ring;
}

/** All that a ring holds after an index, taken in pieces of some size. */
function readAll(ring: Ring<Keys>, from: number, maxBytes: number): string[] {
  const keys: string[] = [];
  for (let index = from; index < ring.next; ) {
    const chunk = ring.chunk(index, maxBytes);
    expect(chunk.from).toBe(index);
    expect(chunk.to).toBeGreaterThan(index);
    expect(chunk.frame.keys).toHaveLength(chunk.to - chunk.from);
    if (chunk.frame.keys.length > 1) expect(chunk.frame.byteLength).toBeLessThanOrEqual(maxBytes);
    keys.push(...chunk.frame.keys);
    index = chunk.to;
  }
  return keys;
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map(({ key }) => key);
}

test('every place in a ring finds exactly what follows it, in pieces of any size', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 1, max: 200 }), (entries, maxBytes) => {
      const ring = ringOf(entries);
      expect(readAll(ring, ring.find(BASE) as number, maxBytes)).toEqual(keysOf(entries));
      for (const [i, { at }] of entries.entries()) {
        expect(readAll(ring, ring.find(at) as number, maxBytes)).toEqual(keysOf(entries.slice(i + 1)));
      }
      expect([ring.base, ring.end]).toEqual([BASE, entries.at(-1)?.at ?? BASE]);
    }),
  );
});

test('a place that a ring can not prove is not found', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 0, max: 120 }), fc.constantFrom('', '0badc0de'), (entries, offset, tag) => {
      const ring = ringOf(entries);
      const end = Number(ring.end.split(':')[1]);
      const found = ring.find(formatPosition({ epoch: 'e', offset, tag }));
      const isProven = offset >= 10 && offset <= end && tag === '';
      expect(found !== undefined).toBe(isProven);
      if (found === undefined) return;
      const after = entries.filter(({ at }) => Number(at.split(':')[1]) > offset);
      expect(readAll(ring, found, 1_000)).toEqual(keysOf(after));
    }),
  );
});

test('no place of another epoch is found', () => {
  fc.assert(
    fc.property(logs, (entries) => {
      const ring = ringOf(entries);
      for (const { at } of entries) expect(ring.find(at.replace('e:', 'f:') as Position)).toBeUndefined();
      expect(ring.find('nonsense' as Position)).toBeUndefined();
    }),
  );
});

test('trimming keeps the newest, within both bounds, and their indices', () => {
  const bounds = fc.record({
    maxEntries: fc.integer({ min: 0, max: 30 }),
    maxBytes: fc.integer({ min: 0, max: 8_000 }),
  });
  fc.assert(
    fc.property(logs, bounds, (entries, { maxEntries, maxBytes }) => {
      const ring = ringOf(entries);
      ring.trim(maxEntries, maxBytes);
      const kept = ring.next - ring.first;
      expect(kept).toBeLessThanOrEqual(maxEntries);
      expect(ring.bytes).toBeLessThanOrEqual(maxBytes);
      expect(ring.next).toBe(entries.length);
      expect(keysOf(ring.entries(ring.first, ring.next))).toEqual(keysOf(entries.slice(entries.length - kept)));
      const gone = entries[ring.first - 1];
      expect(ring.base).toBe(gone?.at ?? BASE);
      expect(ring.find(ring.base)).toBe(ring.first);
      for (const { at } of entries.slice(0, Math.max(0, ring.first - 1))) expect(ring.find(at)).toBeUndefined();
      if (kept === 0) expect(ring.bytes).toBe(0);
    }),
  );
});

test('a ring counts the bytes of its entries, of the frames made of them, and of the latest joined', () => {
  const entries = ['"日本"', '"x"'].map((data, i) => ({
    ...{ key: `key ${i}`, event: 'said', data: data as EncodedJson, ts: 0 },
    ...{ at: formatPosition({ epoch: 'e', offset: 11 + i, tag: '' }), previous: { offset: 10 + i } },
  }));
  const sizes = [8 + 200, 3 + 200] as const; // three bytes a character of the first
  const ring = ringOf(entries);
  expect(ring.bytes).toBe(sizes[0] + sizes[1]);
  ring.chunk(0, 1); // the frame after it was made to see whether it fits; of one entry nothing is joined
  expect(ring.bytes).toBe(sizes[0] + sizes[1] + 4 + 3);
  ring.chunk(0, 100);
  expect(ring.bytes).toBe(sizes[0] + sizes[1] + 4 + 3 + 7);
  ring.trim(1, 1_000);
  expect(ring.bytes).toBe(sizes[1] + 3);
  ring.trim(0, 0);
  expect(ring.bytes).toBe(0);
});

test('an older stretch that reaches a ring is put before it, without a hole and without a double', () => {
  const cuts = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30));
  fc.assert(
    fc.property(logs, cuts, (entries, numbers) => {
      const [from, middle, to] = numbers.map((n) => Math.min(n, entries.length)).sort((a, b) => a - b) as [
        number,
        number,
        number,
      ];
      const placeAt = (index: number) => entries[index - 1]?.at ?? BASE;
      const ring = ringOf(entries.slice(middle), placeAt(middle));
      const older = ringOf(entries.slice(from, to), placeAt(from));
      const next = ring.next;
      ring.prepend(older);
      expect(ring.next).toBe(next);
      expect(keysOf(ring.entries(ring.first, ring.next))).toEqual(keysOf(entries.slice(from)));
      expect(ring.bytes).toBe(ringOf(entries.slice(from), placeAt(from)).bytes);
      expect(readAll(ring, ring.find(placeAt(from)) as number, 500)).toEqual(keysOf(entries.slice(from)));
      expect(ring.base).toBe(placeAt(from));
    }),
  );
});

test('an older stretch that does not reach a ring changes nothing', () => {
  fc.assert(
    fc.property(logs, fc.nat(30), (entries, cut) => {
      const at = Math.min(cut, entries.length);
      if (at >= entries.length) return;
      const ring = ringOf(entries.slice(at + 1), (entries[at] as Entry).at);
      const older = ringOf(entries.slice(0, at));
      ring.prepend(older);
      expect(ring.base).toBe((entries[at] as Entry).at);
      expect(keysOf(ring.entries(ring.first, ring.next))).toEqual(keysOf(entries.slice(at + 1)));
    }),
  );
});

test('followers at one place get one and the same frame, until more comes', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 1, max: 200 }), (entries, maxBytes) => {
      if (entries.length < 2) return;
      const ring = ringOf(entries.slice(0, -1));
      expect(ring.chunk(0, maxBytes).frame).toBe(ring.chunk(0, maxBytes).frame);
      ring.push(entries.at(-1) as Entry);
      expect(readAll(ring, 0, maxBytes)).toEqual(keysOf(entries));
    }),
  );
});

describe('an entry', () => {
  const [first, second, third] = fc.sample(
    logs.filter(({ length }) => length > 2),
    1,
  )[0] as [Entry, Entry, Entry];

  test.each<[string, Entry, string]>([
    ['that names the end as its previous comes next', second, 'next'],
    ['that is here already is known', first, 'known'],
    ['after a hole is unproven', third, 'unproven'],
    [
      'whose previous has another tag is unproven',
      { ...second, previous: { ...second.previous, offset: second.previous?.offset ?? 0, tag: '0badc0de' } },
      'unproven',
    ],
    ['whose previous has no tag comes next', { ...second, previous: { offset: second.previous?.offset ?? 0 } }, 'next'],
    ['whose previous is unknown is unproven', { ...second, previous: null }, 'unproven'],
    ['of another epoch is unproven', { ...second, at: second.at.replace('e:', 'f:') as Position }, 'unproven'],
    [
      'that took the place of one that is here is unproven',
      { ...first, at: first.at.replace(/.{8}$/, '0badc0de') as Position },
      'unproven',
    ],
  ])('%s', (_, entry, succession) => {
    expect(ringOf([first]).judge(entry)).toBe(succession);
  });
});

test('the place before an entry is its previous one, and without a tag where that is not known', () => {
  const entry = { at: 'e:7:0badc0de' as Position, key: 'k', event: 'x', data: '1' as EncodedJson, ts: 0 };
  expect(positionBefore({ ...entry, previous: { offset: 5, tag: 'deadbeef' } })).toBe('e:5:deadbeef');
  expect(positionBefore({ ...entry, previous: { offset: 0 } })).toBe('e:0:');
  expect(positionBefore({ ...entry, previous: null })).toBe('e:6:');
});
