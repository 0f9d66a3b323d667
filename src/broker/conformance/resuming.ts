import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { isAtOrBefore, type LogName, type Position } from '../../protocol/index.ts';
import type { Broker, Entry, Reading } from '../broker.ts';
import { persist } from './patience.ts';
import { alter, type Claims, countKeys, entryOf, keysOf, partsOf, type World } from './world.ts';

const NO_POSITIONS = [
  '',
  'start ',
  'a',
  'a:b',
  'a:1',
  'a:1:2',
  'a:-1:',
  'a:1e3:',
  'a::',
  ':1:',
  '\u0000',
  'é:1:',
  '::::',
];

/** What a position is worth, later. */
export const RESUMING: Claims = {
  'after any entry comes exactly what was appended after it': async ({ name, say, readAll }) => {
    const log = name('middle');
    const keys = countKeys(6);
    await say(log, ...keys);
    for (const [i, { at }] of (await readAll(log, 'start')).entries()) {
      deepEqual(keysOf(await readAll(log, at)), keys.slice(i + 1));
    }
  },

  "an empty log's position stays whole, however much is appended": async ({ name, topOf, say, readAll }) => {
    const log = name('from-empty');
    const top = await topOf(log);
    for (const key of countKeys(3)) await say(log, key);
    deepEqual(keysOf(await readAll(log, top)), countKeys(3));
  },

  'the top that a read gives is the present end, of an empty log too': async ({ broker, name, topOf, say }) => {
    const [empty, other] = [name('still-empty'), name('beside')];
    const former = await topOf(empty);
    for (const key of countKeys(2)) await say(other, key); // which moves the end of what shares a stream with it
    const { entries, top, gap } = await broker.read(empty, former, 10);
    deepEqual({ entries, top, gap }, { entries: [], top: await topOf(empty), gap: undefined });
  },

  'a position far beyond the top is a reset': async (world) => {
    const log = await createLog(world, 'beyond');
    await isReset(world, log, alter(await world.topOf(log), { offset: Number.MAX_SAFE_INTEGER }));
    await isReset(world, log, alter(await world.topOf(log), { offset: Number.MAX_SAFE_INTEGER, tag: '' }));
  },

  'a position just beyond the top, of an entry that is not there, is a reset': async (world) => {
    const log = await createLog(world, 'just-beyond');
    const top = await world.topOf(log);
    await isReset(world, log, alter(top, { offset: partsOf(top).offset + 1, tag: '0badf00d' }));
  },

  'a position with the tag of another entry is a reset': async (world) => {
    const log = await createLog(world, 'tag');
    for (const { at } of await world.readAll(log, 'start')) await isReset(world, log, alter(at, { tag: '0badf00d' }));
  },

  'a position in an empty log at which an entry is claimed is a reset': async (world) => {
    const log = world.name('tag-in-empty');
    await isReset(world, log, alter(await world.topOf(log), { tag: '0badf00d' }));
  },

  'a position of another epoch is a reset': async (world) => {
    const log = await createLog(world, 'epoch');
    for (const { at } of await world.readAll(log, 'start')) await isReset(world, log, alter(at, { epoch: 'another' }));
    await isReset(world, log, alter(await world.topOf(log), { epoch: 'another', offset: 0, tag: '' }));
  },

  'a text that is no position is a reset, never an exception': async (world) => {
    const log = await createLog(world, 'unparsable');
    for (const text of [...NO_POSITIONS, 'x'.repeat(10_000)]) await isReset(world, log, text as Position);
  },

  'a position older than what is kept is trimmed, with what is kept': async (world) => {
    const { broker, name, topOf } = world;
    const log = name('trimmed');
    const empty = await topOf(log);
    const [a] = await fillAndTrim(world, log);
    await world.say(log, 'd', 'e');
    for (const after of [empty, a.at]) {
      const reading = await broker.read(log, after, 10);
      deepEqual(show(reading), { gap: 'trimmed', keys: ['d', 'e'] });
      equal(reading.top, await topOf(log));
    }
  },

  'after a gap the rest is read without one': async (world) => {
    const { broker, name, readAll } = world;
    const log = name('after-gap');
    const [a] = await fillAndTrim(world, log);
    await world.say(log, 'd', 'e', 'f');
    const reading = await broker.read(log, a.at, 1);
    deepEqual(show(reading), { gap: 'trimmed', keys: ['d'] });
    deepEqual(keysOf(await readAll(log, (reading.entries[0] as Entry).at)), ['e', 'f']);
  },

  'the position of the last that went is whole while what came after it is kept': async (world) => {
    const log = world.name('last-gone');
    const [, , c] = await fillAndTrim(world, log);
    await world.say(log, 'd', 'e');
    deepEqual(keysOf(await world.readAll(log, c.at)), ['d', 'e']);
  },

  'a quiet log whose entries are gone is whole at its end': async (world) => {
    const log = world.name('quiet');
    const [, , c] = await fillAndTrim(world, log);
    deepEqual(await world.readAll(log, c.at), []);
  },

  'a quiet log whose entries are gone is trimmed before its end': async (world) => {
    const { broker, name, readAll } = world;
    const log = name('quiet-trimmed');
    const [a] = await fillAndTrim(world, log);
    const reading = await broker.read(log, a.at, 10);
    deepEqual(show(reading), { gap: 'trimmed', keys: [] });
    deepEqual(await readAll(log, reading.top), []);
    await world.say(log, 'd');
    deepEqual(keysOf(await readAll(log, reading.top)), ['d']);
  },

  'a log whose entries are gone uses no offset twice': async (world) => {
    const { name, say, readAll } = world;
    const log = name('offsets');
    const [, , c] = await fillAndTrim(world, log);
    await say(log, 'd');
    const [d] = await readAll(log, 'start');
    ok(
      d && isAtOrBefore(c.at, d.at) && partsOf(d.at).offset > partsOf(c.at).offset,
      `"${d?.at}" is not after "${c.at}"`,
    );
  },

  '"start" is no gap on a channel whose first entries are gone': async (world) => {
    const log = world.name('start');
    await fillAndTrim(world, log);
    await world.say(log, 'd');
    deepEqual(keysOf(await world.readAll(log, 'start')), ['d']);
  },

  '"start" is no gap on a run that is whole': async ({ nameRun, say, readAll }) => {
    const log = nameRun();
    deepEqual(await readAll(log, 'start'), []);
    await say(log, 'a', 'b');
    deepEqual(keysOf(await readAll(log, 'start')), ['a', 'b']);
  },

  '"start" is trimmed on a run whose first entry is gone': async (world) => {
    const log = world.nameRun();
    await fillAndTrim(world, log);
    await world.say(log, 'd');
    deepEqual(show(await world.broker.read(log, 'start', 10)), { gap: 'trimmed', keys: ['d'] });
  },

  'after the engine lost everything old positions are resets and new ones whole': async (world) => {
    const { broker, faults, name, topOf, say, readAll, own, patienceMs } = world;
    const [log, quiet] = [name('reset'), name('reset-quiet')];
    const empty = await topOf(quiet);
    await say(log, ...countKeys(5));
    const old = await readAll(log, 'start');
    const renewed = own(await faults.reset(broker));
    const top = await persist(patienceMs, () => topAt(renewed, log)); // it may have to connect anew
    notEqual(top, old.at(-1)?.at);
    for (const key of ['a', 'b', 'c']) await renewed.append(log, entryOf(key));
    const end = await topAt(renewed, log);
    for (const { at } of old) deepEqual(await renewed.read(log, at, 10), { entries: [], top: end, gap: 'reset' });
    equal((await renewed.read(quiet, empty, 10)).gap, 'reset');
    deepEqual(show(await renewed.read(log, top, 10)), { gap: undefined, keys: ['a', 'b', 'c'] });
  },
};

async function createLog({ name, say }: World, segment: string): Promise<LogName> {
  const log = name(segment);
  await say(log, 'a', 'b', 'c');
  return log;
}

/** Appends a, b and c, and lets all three go. */
async function fillAndTrim({ broker, faults, say, readAll }: World, log: LogName): Promise<[Entry, Entry, Entry]> {
  await say(log, 'a', 'b', 'c');
  const entries = await readAll(log, 'start');
  await faults.trim(broker, log);
  return entries as [Entry, Entry, Entry];
}

async function isReset({ broker, topOf }: World, log: LogName, after: Position): Promise<void> {
  deepEqual(
    await broker.read(log, after, 10),
    { entries: [], top: await topOf(log), gap: 'reset' },
    `after "${after}"`,
  );
}

async function topAt(broker: Broker, log: LogName): Promise<Position> {
  return (await broker.tops([log])).get(log) as Position;
}

function show({ gap, entries }: Reading): { gap: Reading['gap']; keys: string[] } {
  return { gap, keys: keysOf(entries) };
}
