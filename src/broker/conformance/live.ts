import { deepEqual, equal, ok } from 'node:assert/strict';
import { findPositionParts, type LogName, tagOf } from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';
import { persist } from './patience.ts';
import { type Claims, countKeys, DELICATE_DATA, entryOf, keysOf, partsOf, type World } from './world.ts';

/** What is heard at the live end, and what a follower has of a log whatever happens to that. */
export const LIVE: Claims = {
  'a tail hears what is appended, in order': async ({ name, listen, say }) => {
    const log = name('tail');
    const { heard, hears } = await listen(log);
    const keys = countKeys(50);
    await say(log, ...keys);
    await hears('key 50');
    inOrder(heard);
    deepEqual(keysOf(heard), keys);
  },

  'a tail delivers from the moment it resolved': async ({ name, listen, say }) => {
    for (let i = 0; i < 10; i++) {
      const log = name('at-once', `${i}`);
      const { hears } = await listen(log);
      await say(log, 'a');
      await hears('a');
    }
  },

  'an entry is heard as it is read, byte for byte': async ({ broker, name, listen, readAll }) => {
    const log = name('same');
    const { heard, hears } = await listen(log);
    for (const [i, data] of DELICATE_DATA.entries()) await broker.append(log, entryOf(`${i}`, data, `é ${i}`));
    await hears(`${DELICATE_DATA.length - 1}`);
    const [live, read] = [heard, await readAll(log, 'start')].map((entries) =>
      entries.map(({ key, event, data, at }) => ({ key, event, data, at })),
    );
    deepEqual(live, read);
    deepEqual(
      heard.map(({ data }) => data),
      DELICATE_DATA,
    );
  },

  'an entry that is heard names the one before it, where it names one': async ({
    name,
    topOf,
    listen,
    say,
    readAll,
  }) => {
    const log = name('previous');
    const begin = partsOf(await topOf(log));
    const { heard, hears } = await listen(log);
    await say(log, ...countKeys(10));
    await hears('key 10');
    const places = [begin, ...(await readAll(log, 'start')).map(({ at }) => partsOf(at))];
    for (const { at, previous } of heard) {
      const before = places[places.findIndex(({ offset }) => offset === partsOf(at).offset) - 1];
      if (previous) equal(previous.offset, before?.offset);
      if (previous?.tag) equal(previous.tag, before?.tag);
    }
  },

  'a key said twice is heard once': async ({ name, listen, say }) => {
    const log = name('twice');
    const { heard, hears } = await listen(log);
    await say(log, 'a', 'b', 'a', 'b', 'c');
    await hears('c');
    deepEqual(keysOf(heard), ['a', 'b', 'c']);
  },

  'a tail hears no other log, however alike their names': async ({ name, listen, say }) => {
    const segments = ['a', 'A', 'ab', 'a.b', '*', '>', '#', 'a*', 'a.>', '?', '[a]', 'a/b'];
    const logs = [...segments.map((segment) => name(segment)), name('a', 'b'), name('a', '*')];
    const listeners = await Promise.all(logs.map((log) => listen(log)));
    for (const log of logs) await say(log, log);
    for (const log of [...logs].reverse()) await say(log, 'last');
    for (const [i, { heard, hears }] of listeners.entries()) {
      await hears('last');
      deepEqual(keysOf(heard), [logs[i], 'last']);
    }
  },

  'a tail that was stopped hears no more': async ({ name, listen, say }) => {
    const log = name('stopped');
    const [stopped, other] = [await listen(log), await listen(log)];
    await say(log, 'a');
    await Promise.all([stopped.hears('a'), other.hears('a')]);
    stopped.stop();
    await say(log, 'b', 'c');
    await other.hears('c');
    deepEqual(keysOf(stopped.heard), ['a']);
    deepEqual(keysOf(other.heard), ['a', 'b', 'c']);
  },

  'two tails with one function are two, and each is stopped once': async ({ broker, name, listen, say }) => {
    const log = name('one-function');
    const heard: Entry[] = [];
    const hear = (entry: Entry) => void heard.push(entry);
    const [stop, stopOther] = [await broker.tail(log, hear), await broker.tail(log, hear)];
    const witness = await listen(log);
    await say(log, 'a');
    await witness.hears('a');
    stop();
    stop();
    await say(log, 'b');
    await witness.hears('b');
    stopOther();
    await say(log, 'c');
    await witness.hears('c');
    deepEqual(keysOf(heard).sort(), ['a', 'a', 'b']);
  },

  'a log is heard again after all its tails were stopped': async ({ name, listen, say }) => {
    const log = name('again');
    const first = await listen(log);
    await say(log, 'a');
    await first.hears('a');
    first.stop();
    await say(log, 'b');
    const second = await listen(log);
    await say(log, 'c');
    await second.hears('c');
    deepEqual(keysOf(first.heard), ['a']);
    ok(!keysOf(second.heard).includes('a'), 'the second tail heard what the first did');
  },

  'who appends while it hears lets nobody hear out of order': async ({ broker, name, listen, say }) => {
    const log = name('reentrant');
    const answers: Promise<unknown>[] = [];
    await broker.tail(log, ({ key }) => {
      if (key === 'question') answers.push(broker.append(log, entryOf('answer')));
    });
    const { heard, hears } = await listen(log);
    await say(log, 'question');
    await hears('answer');
    await Promise.all(answers);
    deepEqual(keysOf(heard), ['question', 'answer']);
  },

  'what many append at once has one order, read or heard': async ({ name, topOf, say, listen, follow, readAll }) => {
    const log = name('one-order');
    const follower = await follow(log, await topOf(log));
    const { heard } = await listen(log);
    await Promise.all(countKeys(200).map((key) => say(log, key)));
    await follower.has(200);
    const read = keysOf(await readAll(log, 'start'));
    deepEqual(keysOf(follower.entries), read);
    inOrder(heard);
  },

  'a follower that begins while others append misses nothing': async (world) => {
    const { name, topOf, follow, say } = world;
    const log = name('joining');
    const top = await topOf(log);
    await say(log, 'before');
    const appends = Promise.all(countKeys(50).map((key) => say(log, key)));
    const [follower] = await Promise.all([follow(log, top), appends]);
    await follower.has(51);
    await isWhole(world, log, follower.entries);
  },

  'a burst of 2,000 entries reaches a follower whole': async (world) => {
    const { broker, name, topOf, follow, patienceMs } = world;
    const log = name('burst');
    const follower = await follow(log, await topOf(log));
    const data = JSON.stringify('x'.repeat(500));
    // Only 1,000 may be kept, so each part is waited for.
    for (let i = 0; i < 4; i++) {
      const keys = countKeys(500).map((key) => `${i} ${key}`);
      await Promise.all(keys.map((key) => persist(patienceMs, () => broker.append(log, entryOf(key, data)))));
      await follower.has((i + 1) * 500);
    }
    deepEqual(follower.gaps, []);
    equal(new Set(keysOf(follower.entries)).size, 2_000);
  },

  'many logs are followed at once, each whole': async ({ name, topOf, follow, say }) => {
    const logs = Array.from({ length: 50 }, (_, i) => name('followed', `${i}`));
    const followers = await Promise.all(logs.map(async (log) => follow(log, await topOf(log))));
    await Promise.all(logs.map((log) => say(log, ...countKeys(5))));
    for (const { entries, gaps, has } of followers) {
      await has(5);
      deepEqual([keysOf(entries), gaps], [countKeys(5), []]);
    }
  },

  'after the live path was cut a follower misses nothing': async (world) => {
    const { broker, faults, name, topOf, follow } = world;
    const log = name('cut');
    const say = await createSpeaker(world, log);
    const follower = await follow(log, await topOf(log));
    for (const key of ['a', 'b']) await say(key);
    await follower.has(2);
    await faults.cutLive?.(broker);
    for (const key of ['c', 'd']) await say(key);
    await follower.has(4);
    await say('e');
    await follower.has(5);
    await isWhole(world, log, follower.entries);
    deepEqual(keysOf(follower.entries), ['a', 'b', 'c', 'd', 'e']);
    deepEqual(follower.gaps, []);
  },

  'a live path that was cut twice in silence delivers again': async (world) => {
    const { broker, faults, name, topOf, follow, listen, patienceMs } = world;
    const [log, quiet] = [name('cut-twice'), name('cut-quiet')];
    const [say, sayBeside] = [await createSpeaker(world, log), await createSpeaker(world, quiet)];
    const follower = await follow(log, await topOf(log));
    const beside = await follow(quiet, await topOf(quiet));
    for (const i of [1, 2]) {
      await faults.cutLive?.(broker);
      await say(`${i}`);
      await follower.has(i);
    }
    // A tail that is asked for after a cut is proven to deliver, as any other.
    const { hears } = await persist(patienceMs, () => listen(quiet));
    await sayBeside('a');
    await hears('a');
    await beside.has(1);
    deepEqual([keysOf(follower.entries), keysOf(beside.entries)], [['1', '2'], ['a']]);
  },

  'whoever listens for interruptions may stop, twice': async ({ broker }) => {
    const stop = broker.on('interrupted', () => {});
    stop();
    stop();
  },
};

/** Appends from another process where an engine has such, whose connection is not cut: what it says is lost to the cut one. */
async function createSpeaker(
  { broker, openBroker, patienceMs }: World,
  log: LogName,
): Promise<(key: string) => Promise<void>> {
  const speaker = broker.epoch === undefined ? await openBroker() : broker;
  return async (key) => void (await persist(patienceMs, () => speaker.append(log, entryOf(key))));
}

/** Says that a follower has what the log has: each entry once, in the log's order. */
async function isWhole({ readAll }: World, log: LogName, entries: readonly Entry[]): Promise<void> {
  deepEqual(keysOf(entries), keysOf(await readAll(log, 'start')));
}

/** Says that entries were heard in the log's order, each at most once, with the tags of their keys. */
function inOrder(heard: readonly Entry[]): void {
  for (const [i, { key, at }] of heard.entries()) {
    const before = findPositionParts(heard[i - 1]?.at ?? '');
    equal(partsOf(at).tag, tagOf(key));
    ok(!before || partsOf(at).offset > before.offset, `"${at}" was heard after offset ${before?.offset}`);
  }
}
