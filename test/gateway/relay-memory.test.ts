import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LogName, Position } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { onNode } from './on-node.ts';
import { append, appendOne } from './test-gateway.ts';
import { keys, LOG, live, startRelay } from './test-relay.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

test('memory stays in its budget, and whoever follows still gets everything', async () => {
  const { relay, follow, broker } = startRelay({ maxMemoryBytes: 300_000 });
  const logs = Array.from({ length: 20 }, (_, i) => `channel/c${i}` as LogName);
  const readers = logs.map((log) => follow(log, 'start'));
  await live(...readers);
  for (let n = 1; n <= 30; n++) {
    for (const log of logs) await appendOne(broker, log, `"${'x'.repeat(2_000)}"`, `key ${n}`);
    expect(relay.stats().bytes).toBeLessThanOrEqual(300_000);
    if (n % 10 === 0) await nextTurn();
  }
  await until(() => readers.every(({ told }) => told.length === 31), 'all entries');
  for (const { told } of readers) expect(told).toEqual(['LIVE', ...keys(1, 30)]);
  expect(relay.stats().bytes).toBeLessThanOrEqual(300_000);
});

test('logs that nobody follows are forgotten before others lose their rings', async () => {
  const { relay, follow, broker } = startRelay({ maxMemoryBytes: 220_000 });
  const [kept, left] = [follow('channel/kept' as LogName, 'start'), follow('channel/left' as LogName, 'start')];
  await live(kept, left);
  const [at] = await append(broker, 'channel/kept', 10);
  for (let n = 1; n <= 20; n++) await appendOne(broker, 'channel/left', `"${'x'.repeat(2_000)}"`, `key ${n}`);
  await until(() => left.told.length === 21, 'all entries');
  relay.unfollow(left.subscription);
  const growing = follow(LOG, 'start');
  await live(growing);
  for (let n = 1; n <= 30; n++) await appendOne(broker, LOG, `"${'x'.repeat(2_000)}"`, `key ${n}`);
  await until(() => growing.told.length === 31, 'all entries');
  expect(relay.stats().logs).toBe(2);
  const readCount = broker.readCount;
  const again = follow('channel/kept' as LogName, at as never);
  await live(again);
  expect(again.told).toEqual([...keys(2, 10), 'LIVE']);
  expect(broker.readCount).toBe(readCount);
});

test('memory is freed by a part of the budget at a time, not at every entry', async () => {
  const { relay, follow, broker } = startRelay({ maxMemoryBytes: 100_000 });
  const logs = Array.from({ length: 100 }, (_, i) => `channel/c${i}` as LogName);
  await live(...logs.map((log) => follow(log, 'start')));
  let shrinks = 0;
  for (let n = 1; n <= 500; n++) {
    const { bytes } = relay.stats();
    await appendOne(broker, logs[n % 100] as string, `"${'x'.repeat(1_000)}"`, `key ${n}`);
    if (relay.stats().bytes < bytes) shrinks++;
  }
  expect(shrinks).toBeGreaterThan(0);
  expect(shrinks).toBeLessThan(60);
});

test('what comes live while the broker does not answer is bounded, counted, and then had from the broker', async () => {
  const { relay, follow, broker } = startRelay({ maxRingBytes: 1_048_576 });
  broker.hanging.read = 1;
  const reader = follow(LOG, 'start');
  await until(() => broker.tailCount === 1, 'the tail');
  await nextTurn();
  const before = relay.stats().bytes;
  for (let n = 1; n <= 100; n++) await appendOne(broker, LOG, `"${'x'.repeat(100_000)}"`, `key ${n}`);
  expect(relay.stats().bytes - before).toBeGreaterThan(900_000);
  expect(relay.stats().bytes).toBeLessThanOrEqual(1_048_576);
  broker.thaw();
  await live(reader);
  expect(reader.told.filter((told) => told !== 'LIVE')).toEqual(keys(1, 100));
});

test('what waits for a reading goes when memory is short, and is had from the broker', async () => {
  const { relay, follow, broker } = startRelay({ maxMemoryBytes: 500_000 });
  broker.hanging.read = 10;
  const logs = Array.from({ length: 10 }, (_, i) => `channel/c${i}` as LogName);
  const readers = logs.map((log) => follow(log, 'start'));
  await until(() => broker.tailCount === 10 && broker.hanging.read === 0, 'tails and reads');
  await nextTurn();
  for (let n = 1; n <= 10; n++) {
    for (const log of logs) await appendOne(broker, log, `"${'x'.repeat(20_000)}"`, `key ${n}`);
    expect(relay.stats().bytes).toBeLessThanOrEqual(500_000);
  }
  broker.thaw();
  await live(...readers);
  for (const { told } of readers) expect(told.filter((key) => key !== 'LIVE')).toEqual(keys(1, 10));
});

onNode('a follower that does not read keeps nothing in memory that went from it', async () => {
  const { relay, follow, broker } = startRelay({ readLimit: 10, maxRingEntries: 10 });
  const positions = await append(broker, LOG, 100);
  let held: WeakRef<object> | undefined;
  const told: string[] = [];
  function takeOne(): void {
    for (const delivery of relay.take(stalled, 1).deliveries) {
      if (delivery.type !== 'entries') continue;
      held ??= new WeakRef(delivery.ring);
      told.push(...delivery.chunk.frame.texts);
    }
  }
  const stalled = { log: LOG, follower: { markReady: () => {}, pump: () => told.length === 0 && takeOne() } };
  relay.follow(stalled, 'start');
  await until(() => told.length === 1, 'the first entry');
  // Two that are elsewhere, and the stretches of the gateway are theirs.
  for (const after of [positions[29], positions[59]]) await live(follow(LOG, after as Position));
  await until(async () => {
    await nextTurn();
    collectGarbage();
    return held?.deref() === undefined;
  }, 'the stretch to go');
  takeOne();
  await until(() => {
    if (told.length < 100) takeOne();
    return told.length === 100;
  }, 'all that is left');
  expect(told).toEqual(keys(1, 100));
});

test('a history larger than the whole budget still reaches its follower', async () => {
  const { follow, broker } = startRelay({ maxMemoryBytes: 50_000, maxRingBytes: 20_000 });
  for (let n = 1; n <= 300; n++) await appendOne(broker, LOG, `"${'x'.repeat(1_000)}"`, `key ${n}`);
  const reader = follow(LOG, 'start', 10_000);
  await live(reader);
  expect(reader.told).toEqual([...keys(1, 300), 'LIVE']);
});
