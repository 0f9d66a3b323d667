import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import {
  isAtOrBefore,
  type LogName,
  MAX_ENTRY_BYTES,
  MAX_LOG_NAME_BYTES,
  type Position,
  type StartPosition,
  tagOf,
} from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';
import { codeOf, persist } from './patience.ts';
import { type Claims, countKeys, DELICATE_DATA, entryOf, keysOf, padName, partsOf } from './world.ts';

/** Keys that an engine confuses when it folds, trims, splits or looks them up carelessly. */
const LOOKALIKE_KEYS = [
  'a',
  'A',
  ' a',
  'a ',
  'a:b',
  'a b',
  'a\nb',
  'a\u0000b',
  '\u00e9',
  'e\u0301',
  '𝄞',
  '*',
  '>',
  '0',
  '00',
  '__proto__',
  'constructor',
  'k'.repeat(128),
  `${'k'.repeat(127)}l`,
];

/** Segments that an engine confuses when it folds case, or takes them for wildcards or for structure. */
const LOOKALIKE_SEGMENTS = [
  ...[
    'a',
    'A',
    'a.b',
    'a-b',
    'a_b',
    'a~b',
    'a b',
    'a+b',
    'a%b',
    'a%2Eb',
    'a/b',
    'a:b',
    'a{b}',
    'a,b',
    'a\u0000',
    'a\n',
  ],
  ...['*', '>', '#', '?', '$', '.', '..', '[a]', 'a*', 'a>', 'a#', 'a.*', 'a.>', 'é', 'e\u0301', '𝄞', '"', "'", '\\'],
];

/** What is kept, and how it comes back. */
export const KEEPING: Claims = {
  'an empty log has a top, which stays and has no tag': async ({ broker, name, topOf }) => {
    const log = name('empty');
    const top = await topOf(log);
    equal(partsOf(top).tag, '');
    equal(await topOf(log), top);
    deepEqual(await broker.read(log, top, 10), { entries: [], top });
    deepEqual(await broker.read(log, 'start', 10), { entries: [], top });
  },

  'what is appended is read after the position that was the top before': async ({ name, topOf, say, readAll }) => {
    const log = name('after-top');
    const top = await topOf(log);
    await say(log, 'a', 'b');
    deepEqual(keysOf(await readAll(log, top)), ['a', 'b']);
  },

  'an entry of a log that nobody asked about before is read from "start"': async ({ name, say, readAll }) => {
    const log = name('unasked');
    await say(log, 'a');
    deepEqual(keysOf(await readAll(log, 'start')), ['a']);
  },

  'entries are read in the order in which they were appended': async ({ name, topOf, say, readAll }) => {
    const log = name('order');
    const top = await topOf(log);
    const keys = countKeys(30);
    await say(log, ...keys);
    const entries = await readAll(log, 'start');
    deepEqual(keysOf(entries), keys);
    equalPlaces(entries, await readAll(log, top));
    for (const [i, { at }] of entries.slice(1).entries()) {
      ok(partsOf(at).offset > partsOf((entries[i] as Entry).at).offset, `"${at}" lies not after the entry before it`);
    }
  },

  "an entry's position has its log's epoch and its key's tag": async ({ name, topOf, say, readAll }) => {
    const log = name('tags');
    const { epoch } = partsOf(await topOf(log));
    await say(log, 'a', 'b');
    const places = (await readAll(log, 'start')).map(({ at }) => partsOf(at));
    deepEqual(
      places.map((place) => [place.epoch, place.tag]),
      [
        [epoch, tagOf('a')],
        [epoch, tagOf('b')],
      ],
    );
  },

  'the top of a log is where its last entry is read': async ({ broker, name, say, topOf, readAll }) => {
    const log = name('top');
    await say(log, 'a', 'b');
    const last = (await readAll(log, 'start')).at(-1)?.at;
    ok(last && isAtOrBefore(last, await topOf(log)));
    const { top } = await broker.read(log, 'start', 10);
    equal(top, await topOf(log));
    deepEqual(await broker.read(log, last, 10), { entries: [], top });
    deepEqual(await broker.read(log, top, 10), { entries: [], top });
  },

  'a read that reaches its limit is no gap, and goes on from its last entry': async (world) => {
    const { broker, name, say, topOf } = world;
    const log = name('limit');
    const empty = await topOf(log);
    await say(log, ...countKeys(7));
    const top = await topOf(log);
    for (const begin of [empty, 'start'] as const) {
      const seen: string[] = [];
      for (let after: StartPosition = begin; seen.length < 7; ) {
        const reading = await broker.read(log, after, 3);
        deepEqual([reading.gap, reading.top], [undefined, top]);
        equal(reading.entries.length, Math.min(3, 7 - seen.length));
        seen.push(...keysOf(reading.entries));
        after = (reading.entries.at(-1) as Entry).at;
      }
      deepEqual(seen, countKeys(7));
    }
  },

  'an append gives the position at which the entry is read, where it gives one': async ({ broker, name, readAll }) => {
    const log = name('place');
    const given = new Map<string, string | null>();
    for (const key of countKeys(5)) given.set(key, await broker.append(log, entryOf(key)));
    for (const { key, at } of await readAll(log, 'start'))
      ok([at, null].includes((given.get(key) ?? null) as typeof at));
  },

  'an entry names the one before it, where it names one': async ({ name, topOf, say, readAll }) => {
    const log = name('previous');
    const begin = partsOf(await topOf(log));
    await say(log, ...countKeys(10));
    let before = begin;
    for (const { at, previous } of await readAll(log, 'start')) {
      if (previous) equal(previous.offset, before.offset);
      if (previous?.tag) equal(previous.tag, before.tag);
      before = partsOf(at);
    }
  },

  'one key on two logs is two entries': async ({ name, say, readAll }) => {
    const [one, other] = [name('one'), name('other')];
    await say(one, 'a');
    await say(other, 'a');
    for (const log of [one, other]) deepEqual(keysOf(await readAll(log, 'start')), ['a']);
  },

  'one key said twice is one entry: the first, at the first position': async ({
    broker,
    name,
    say,
    readAll,
    topOf,
  }) => {
    const log = name('twice');
    const first = await broker.append(log, entryOf('a', '"first"'));
    await say(log, 'b');
    const [before, top] = [await readAll(log, 'start'), await topOf(log)];
    const second = await broker.append(log, entryOf('a', '"second"'));
    if (first !== null && second !== null) equal(second, first);
    equalPlaces(await readAll(log, 'start'), before);
    deepEqual(keysOf(before), ['a', 'b']);
    equal(before[0]?.data, '"first"');
    equal(await topOf(log), top);
  },

  'one key said by many at once is one entry': async ({ broker, name, say, readAll }) => {
    const log = name('at-once');
    const places = await Promise.all(countKeys(10).map(() => broker.append(log, entryOf('a'))));
    ok(new Set(places.filter((at) => at !== null)).size <= 1, 'it has two positions');
    await say(log, 'b');
    deepEqual(keysOf(await readAll(log, 'start')), ['a', 'b']);
  },

  'keys that look alike are different keys': async ({ name, say, readAll }) => {
    const log = name('keys');
    await say(log, ...LOOKALIKE_KEYS);
    deepEqual(keysOf(await readAll(log, 'start')), LOOKALIKE_KEYS);
  },

  'data is read byte for byte as it was appended': async ({ broker, name, readAll }) => {
    const log = name('data');
    for (const [i, data] of DELICATE_DATA.entries()) await broker.append(log, entryOf(`${i}`, data));
    deepEqual(
      (await readAll(log, 'start')).map(({ data }) => data),
      DELICATE_DATA,
    );
  },

  "an event's name is read as it was appended": async ({ broker, name, readAll }) => {
    const log = name('events');
    const events = ['TASK DONE', 'order/shipped', 'a.b', '*', 'é 𝄞', '__proto__', '{"id":1}', 'e'.repeat(128)];
    for (const event of events) await broker.append(log, entryOf(event, '1', event));
    deepEqual(
      (await readAll(log, 'start')).map(({ event }) => event),
      events,
    );
  },

  'an entry of 262,144 bytes is kept': async ({ broker, name, readAll }) => {
    const log = name('large');
    const data = `"${'é'.repeat(MAX_ENTRY_BYTES / 2 - 1)}"`;
    await broker.append(log, entryOf('a', data));
    const [entry] = await readAll(log, 'start');
    ok(entry?.data === data, `it has ${entry?.data.length} characters, not ${data.length}`);
  },

  'an entry says when it was taken': async ({ name, say, readAll }) => {
    const log = name('time');
    await say(log, 'a');
    const [entry] = await readAll(log, 'start');
    ok(entry && Number.isFinite(entry.ts) && entry.ts > 0, `it says ${entry?.ts}`);
  },

  'what many append at once is there, each once, at the position it was given': async ({
    broker,
    name,
    patienceMs,
    readAll,
  }) => {
    const log = name('many');
    const keys = countKeys(200);
    const given = new Map<string, string>();
    await Promise.all(
      keys.map(async (key) => {
        const at = await persist(patienceMs, () => broker.append(log, entryOf(key)));
        if (at !== null) given.set(key, at);
      }),
    );
    const entries = await readAll(log, 'start');
    deepEqual(keysOf(entries).sort(), [...keys].sort());
    for (const { key, at } of entries) equal(given.get(key) ?? at, at);
  },

  'the tops of many logs come at once, of unknown ones too': async ({ broker, name, say, topOf }) => {
    const used = [name('used', '1'), name('used', '2')];
    for (const log of used) await say(log, 'a');
    const unknown = Array.from({ length: 300 }, (_, i) => name('unknown', `${i}`));
    const tops = await broker.tops([...used, ...unknown]);
    deepEqual([...tops.keys()].sort(), [...used, ...unknown].sort());
    for (const log of [...used, ...unknown.slice(0, 3)]) equal(tops.get(log), await topOf(log));
    for (const log of unknown) equal(partsOf(tops.get(log) as Position).tag, '');
    equal((await broker.tops([])).size, 0);
  },

  'logs whose names look alike are different logs': async ({ name, say, readAll }) => {
    const logs = new Map(LOOKALIKE_SEGMENTS.map((segment) => [segment, name(segment)]));
    for (const [segment, log] of logs) await say(log, segment);
    await say(name('a', 'b'), 'two segments');
    for (const [segment, log] of logs) deepEqual(keysOf(await readAll(log, 'start')), [segment]);
  },

  'names of 200 bytes that differ in the last are different logs': async ({ name, say, readAll }) => {
    const logs = ['a', 'b'].map((last) => padName(name('long'), MAX_LOG_NAME_BYTES, last)) as [LogName, LogName];
    equal(logs[0].length, MAX_LOG_NAME_BYTES);
    for (const log of logs) await say(log, log.slice(-1));
    for (const log of logs) deepEqual(keysOf(await readAll(log, 'start')), [log.slice(-1)]);
  },

  'two brokers share their logs, or each names an epoch of its own': async ({
    broker,
    openBroker,
    name,
    say,
    topOf,
  }) => {
    const other = await openBroker();
    const log = name('shared');
    await say(log, 'a');
    const { entries } = await other.read(log, 'start', 10);
    if (broker.epoch === undefined) {
      await other.append(log, entryOf('a'));
      equal((await other.tops([log])).get(log), await topOf(log));
      deepEqual(keysOf(entries), ['a']);
    } else {
      notEqual(broker.epoch, other.epoch);
      equal(partsOf(await topOf(log)).epoch, broker.epoch);
      equal((await other.read(log, await topOf(log), 10)).gap, 'reset');
    }
  },

  'a broker says what it can do': async ({ broker }) => {
    const { durable, interest, keyWindowMs } = broker.capabilities;
    deepEqual([typeof durable, typeof interest], ['boolean', 'boolean']);
    ok(keyWindowMs > 0, `it remembers keys for ${keyWindowMs} ms`);
  },

  'a broker that works is healthy': async ({ broker }) => {
    const { ok: isOk, since, reason } = await broker.health();
    deepEqual([isOk, reason], [true, undefined]);
    ok(Number.isFinite(since), `it is healthy since ${since}`);
  },

  'a closed broker rejects every call with `closed`, and may be closed again': async ({ broker, name }) => {
    const log = name('closed');
    await broker.append(log, entryOf('a'));
    await broker.close();
    const isClosed = (error: unknown) => codeOf(error) === 'closed';
    await rejects(broker.append(log, entryOf('b')), isClosed);
    await rejects(broker.read(log, 'start', 1), isClosed);
    await rejects(
      broker.tail(log, () => {}),
      isClosed,
    );
    await rejects(broker.tops([log]), isClosed);
    await broker.close();
  },
};

/** Says that two readings gave the same entries: an engine may know `previous` in one only. */
function equalPlaces(entries: readonly Entry[], others: readonly Entry[]): void {
  const [mine, its] = [entries, others].map((list) =>
    list.map(({ key, event, data, at }) => ({ key, event, data, at })),
  );
  deepEqual(mine, its);
}
