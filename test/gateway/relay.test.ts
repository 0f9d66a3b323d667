import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { createFaultyBroker } from './faulty-broker.ts';
import { append, topOf } from './test-gateway.ts';
import { keys, LOG, live, startRelay } from './test-relay.ts';

test('a log is tailed once, however many follow it', async () => {
  const { follow, broker } = startRelay();
  await live(...Array.from({ length: 50 }, () => follow(LOG, 'start')));
  expect(broker.tailCount).toBe(1);
});

test('ring and tail stay for 60 s after the last follower, and no longer', async () => {
  const { relay, follow, broker, time } = startRelay();
  const reader = follow(LOG, 'start');
  await live(reader);
  relay.unfollow(reader.subscription);
  time.advance(59_999);
  expect([broker.tailCount, relay.stats().logs]).toEqual([1, 1]);
  time.advance(1);
  expect([broker.tailCount, relay.stats().logs, relay.stats().bytes]).toEqual([0, 0, 0]);
});

test('a timer that fires early, as a runtime that counts whole milliseconds does, is set again', async () => {
  const time = createFakeTime();
  const clock = {
    now: time.clock.now,
    after: (ms: number, run: () => void) => time.clock.after(ms > 1 ? ms - 1 : ms, run),
  };
  const { relay, follow, broker } = startRelay({ clock });
  const reader = follow(LOG, 'start');
  await live(reader);
  relay.unfollow(reader.subscription);
  time.advance(60_000);
  expect([broker.tailCount, relay.stats().logs]).toEqual([0, 0]);
});

test('of logs without followers the longest idle go when there are more than 10,000', async () => {
  const { relay, follow } = startRelay();
  for (let i = 0; i < 10_010; i++) relay.unfollow(follow(`run/ada/task/${i}` as LogName, 'start').subscription);
  expect(relay.stats().logs).toBe(10_000);
});

test('a log that is forgotten leaves no timer behind', async () => {
  const { relay, follow, time } = startRelay();
  for (let i = 0; i < 12_000; i++) relay.unfollow(follow(`run/ada/task/${i}` as LogName, 'start').subscription);
  await until(() => time.timerCount <= 10_000, 'one timer for each log that is kept');
});

test('a log that is left and followed again and again has one timer', async () => {
  const { relay, follow, time } = startRelay();
  for (let i = 0; i < 100; i++) {
    const reader = follow(LOG, 'start');
    if (i === 0) await live(reader);
    relay.unfollow(reader.subscription);
    time.advance(100);
  }
  expect(time.timerCount).toBe(1);
  time.advance(59_899);
  expect(relay.stats().logs).toBe(1);
  time.advance(1);
  expect([relay.stats().logs, time.timerCount]).toEqual([0, 0]);
});

test('what a forgotten log has not yet read is no longer waited for', async () => {
  const { relay, follow, broker, time } = startRelay({ maxReads: 1, lingerMs: 1_000 });
  broker.hanging.read = 1;
  const readers = Array.from({ length: 5 }, (_, i) => follow(`run/ada/task/${i}` as LogName, 'start'));
  await until(() => relay.stats().waitingReads === 4, 'one read under way, four waiting');
  for (const { subscription } of readers) relay.unfollow(subscription);
  time.advance(1_000);
  expect(relay.stats()).toMatchObject({ logs: 0, waitingReads: 0 });
  broker.thaw();
  await nextTurn();
  await nextTurn();
  expect(broker.readCount).toBe(1);
});

test('who comes back within 60 s is served without the broker, and the 60 s begin anew', async () => {
  const { relay, follow, broker, time } = startRelay();
  const [at] = await append(broker, LOG, 1);
  const reader = follow(LOG, 'start');
  await live(reader);
  relay.unfollow(reader.subscription);
  time.advance(50_000);
  await append(broker, LOG, 3, 2);
  const readCount = broker.readCount;
  const back = follow(LOG, at as never);
  await live(back);
  expect(back.told).toEqual([...keys(2, 4), 'LIVE']);
  expect(broker.readCount).toBe(readCount);
  relay.unfollow(back.subscription);
  time.advance(59_000);
  expect(broker.tailCount).toBe(1);
  time.advance(1_000);
  expect(broker.tailCount).toBe(0);
});

test('a tail that opens after its log was forgotten is closed at once', async () => {
  const { relay, follow, broker, time } = startRelay();
  const reader = follow(LOG, 'start');
  relay.unfollow(reader.subscription);
  time.advance(60_000);
  await nextTurn();
  expect([broker.tailCount, relay.stats().logs]).toEqual([0, 0]);
});

test('at most maxReads reads are under way at once', async () => {
  const { follow, broker } = startRelay({ maxReads: 4 });
  await live(...Array.from({ length: 100 }, (_, i) => follow(`channel/c${i}` as LogName, 'start')));
  expect(broker.mostReads).toBe(4);
});

test('what the live end lost is had as soon as it says that it was interrupted', async () => {
  const { follow, broker } = startRelay();
  const readers = [follow(LOG, 'start'), follow('channel/b' as LogName, 'start')];
  await live(...readers);
  broker.isDeaf = true;
  await append(broker, LOG, 3);
  await append(broker, 'channel/b', 2);
  broker.isDeaf = false;
  await nextTurn();
  expect(readers.map(({ told }) => told.length)).toEqual([1, 1]);
  broker.interrupt([LOG]);
  await until(() => readers[0]?.told.length === 4, 'the three');
  expect(readers[1]?.told).toHaveLength(1);
  broker.interrupt('all');
  await until(() => readers[1]?.told.length === 3, 'the two');
  expect(readers.map(({ told }) => told)).toEqual([
    ['LIVE', ...keys(1, 3)],
    ['LIVE', ...keys(1, 2)],
  ]);
});

test('an interruption in which nothing was lost costs no read', async () => {
  const { follow, broker } = startRelay();
  await live(follow(LOG, 'start'));
  const { readCount } = broker;
  broker.interrupt('all');
  await nextTurn();
  expect([broker.topsCount, broker.readCount]).toEqual([1, readCount]);
});

test('tops that fail after an interruption are asked for again', async () => {
  const { follow, broker, time, faults } = startRelay();
  const reader = follow(LOG, 'start');
  await live(reader);
  broker.isDeaf = true;
  await append(broker, LOG, 3);
  broker.isDeaf = false;
  broker.failing.tops = 3;
  broker.interrupt('all');
  await until(() => {
    time.advance(500);
    return reader.told.length === 4;
  }, 'the three');
  expect(faults).toEqual(['tops', 'tops', 'tops']);
});

test('however often the live end breaks while the broker is away, its logs are asked for once a second', async () => {
  const { follow, broker, time } = startRelay();
  const readers = [follow(LOG, 'start'), follow('channel/b' as LogName, 'start')];
  await live(...readers);
  broker.isDeaf = true;
  await append(broker, LOG, 1);
  await append(broker, 'channel/b', 1);
  broker.isDeaf = false;
  broker.failing.tops = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 30; i++) {
    broker.interrupt(i % 2 ? [LOG] : ['channel/b' as LogName]);
    await time.elapse(100);
  }
  expect(broker.topsCount).toBeLessThanOrEqual(4);
  broker.failing.tops = 0;
  await time.elapse(1_000);
  await until(() => readers.every(({ told }) => told.includes('key 1')), 'what both had lost');
});

test('a log whose live end breaks again while its end is on its way is asked for again', async () => {
  const { follow, broker } = startRelay();
  const reader = follow(LOG, 'start');
  await live(reader);
  let late: () => void = () => {};
  const { tops } = broker;
  broker.tops = async (logs) => {
    const ends = await tops(logs);
    await new Promise<void>((resolve) => {
      late = resolve;
    });
    return ends;
  };
  broker.interrupt('all');
  await until(() => broker.topsCount === 1, 'the first asking');
  await nextTurn();
  broker.tops = tops;
  broker.isDeaf = true;
  await append(broker, LOG, 1);
  broker.isDeaf = false;
  broker.interrupt('all');
  late();
  await until(() => reader.told.includes('key 1'), 'the entry');
});

test('a hole in the live end is mended by a read before anything after it is told', async () => {
  const { follow, broker } = startRelay();
  const reader = follow(LOG, 'start');
  await live(reader);
  await append(broker, LOG, 2);
  broker.isDeaf = true;
  await append(broker, LOG, 2, 3);
  broker.isDeaf = false;
  await append(broker, LOG, 2, 5);
  await until(() => reader.told.length === 7, 'all');
  expect(reader.told).toEqual(['LIVE', ...keys(1, 6)]);
});

test('what is lost while the first stretch is on its way is had after an interruption', async () => {
  const { follow, broker } = startRelay();
  let late: () => void = () => {};
  const { read } = broker;
  broker.read = async (...args) => {
    const reading = await read(...args);
    await new Promise<void>((resolve) => {
      late = resolve;
    });
    return reading;
  };
  const reader = follow(LOG, await topOf(broker, LOG));
  await until(() => broker.readCount === 1 && broker.tailCount === 1, 'the read');
  await nextTurn();
  await nextTurn();
  broker.isDeaf = true;
  await append(broker, LOG, 3);
  broker.isDeaf = false;
  broker.interrupt('all');
  await nextTurn();
  broker.read = read;
  late();
  await until(() => reader.told.filter((told) => told !== 'LIVE').length === 3, 'the three');
});

test('reads that fail are asked again, later and later, and nothing is lost or told twice', async () => {
  const { follow, broker, time, faults } = startRelay();
  await append(broker, LOG, 10);
  broker.failing.read = 5;
  const reader = follow(LOG, 'start');
  const begin = time.clock.now();
  await until(() => {
    time.advance(50);
    return reader.told.includes('LIVE');
  }, 'LIVE');
  expect(reader.told).toEqual([...keys(1, 10), 'LIVE']);
  expect(faults).toEqual(Array.from({ length: 5 }, () => 'read'));
  expect(time.clock.now() - begin).toBeGreaterThan(250 + 500 + 1_000 + 2_000 + 4_000);
});

test('a broker that gives few entries at a time is asked for fewer, until it answers, and nothing is lost', async () => {
  const { follow, broker, time } = startRelay();
  await append(broker, LOG, 100);
  // As over a line that carries no more within the time that a read has.
  broker.spoil = (reading) => {
    if (reading.entries.length > 5) throw new Error('too much for the line');
    return reading;
  };
  const reader = follow(LOG, 'start');
  await until(() => {
    time.advance(50);
    return reader.told.includes('LIVE');
  }, 'LIVE');
  expect(reader.told).toEqual([...keys(1, 100), 'LIVE']);
  await append(broker, LOG, 1, 101);
  await until(() => reader.told.at(-1) === 'key 101', 'what comes after');
});

test('a tail that fails is asked for again', async () => {
  const { follow, broker, time, faults } = startRelay();
  broker.failing.tail = 3;
  const reader = follow(LOG, 'start');
  await until(() => {
    time.advance(50);
    return reader.told.includes('LIVE');
  }, 'LIVE');
  expect(faults).toEqual(['tail', 'tail', 'tail']);
  await append(broker, LOG, 1);
  await until(() => reader.told.includes('key 1'), 'the entry');
});

test('a stretch with a spoilt entry is asked for again, not waited for in silence', async () => {
  const { follow, broker, time, faults } = startRelay();
  await append(broker, LOG, 3);
  broker.spoil = (reading) => ({
    ...reading,
    entries: reading.entries.map((entry) => ({ ...entry, at: 'spoilt' as never })),
  });
  const reader = follow(LOG, 'start');
  await until(() => faults.length > 0, 'the fault');
  broker.spoil = undefined;
  await until(() => {
    time.advance(50);
    return reader.told.includes('LIVE');
  }, 'LIVE');
  expect(reader.told).toEqual([...keys(1, 3), 'LIVE']);
});

test('what fails once its log is forgotten is no fault', async () => {
  const broker = createFaultyBroker();
  broker.tail = async () => {
    await nextTurn();
    throw new Error('tail: the broker is closed');
  };
  const { relay, follow, faults } = startRelay({}, broker);
  follow(LOG, 'start');
  relay.close();
  await nextTurn();
  await nextTurn();
  expect(faults).toEqual([]);
});

test('a stretch that is spoilt each time is asked for more and more slowly', async () => {
  const { follow, broker, time } = startRelay();
  await append(broker, LOG, 1);
  broker.spoil = (reading) => ({
    ...reading,
    entries: reading.entries.map((entry) => ({ ...entry, at: 'spoilt' as never })),
  });
  follow(LOG, 'start');
  await time.elapse(60_000);
  // After 250 ms, 500 ms, … and then every 5 s.
  expect(broker.readCount).toBeLessThan(20);
  expect(broker.readCount).toBeGreaterThan(10);
});

test('a closed relay ends its tails and asks nothing more', async () => {
  const { relay, follow, broker, time } = startRelay();
  await live(follow(LOG, 'start'), follow('channel/b' as LogName, 'start'));
  relay.close();
  broker.interrupt('all');
  await nextTurn();
  expect([broker.tailCount, broker.topsCount, time.timerCount]).toEqual([0, 0, 0]);
});

test.each(['tail', 'read'] as const)(
  'a %s that never settles is given up after 10 s, and asked for again',
  async (call) => {
    const { follow, broker, time, faults } = startRelay();
    await append(broker, LOG, 2);
    broker.hanging[call] = 1;
    const reader = follow(LOG, 'start');
    await time.elapse(9_000);
    expect([faults, reader.told]).toEqual([[], []]);
    await time.elapse(3_000);
    await live(reader);
    expect([faults, reader.told]).toEqual([[call], [...keys(1, 2), 'LIVE']]);
  },
);

test('tops that never come after an interruption are asked for again', async () => {
  const { follow, broker, time, faults } = startRelay();
  const reader = follow(LOG, 'start');
  await live(reader);
  broker.isDeaf = true;
  await append(broker, LOG, 1);
  broker.hanging.tops = 1;
  broker.interrupt('all');
  await time.elapse(12_000);
  await until(() => reader.told.includes('key 1'), 'the entry');
  expect(faults).toEqual(['tops']);
});

test('a tail that was given up and comes late is stopped, and what it says does not count twice', async () => {
  const { follow, broker, time } = startRelay();
  broker.hanging.tail = 1;
  const reader = follow(LOG, 'start');
  await time.elapse(11_000);
  await live(reader);
  broker.thaw();
  await until(() => broker.tailCount === 1, 'the late tail to be stopped');
  await append(broker, LOG, 1);
  await until(() => reader.told.includes('key 1'), 'the entry');
  expect(reader.told).toEqual(['LIVE', 'key 1']);
});
