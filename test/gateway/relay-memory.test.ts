import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { append, appendOne } from './test-gateway.ts';
import { keys, LOG, live, startRelay } from './test-relay.ts';

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
  const { relay, follow, broker } = startRelay({ maxMemoryBytes: 100_000 });
  const [kept, left] = [follow('channel/kept' as LogName, 'start'), follow('channel/left' as LogName, 'start')];
  await live(kept, left);
  const [at] = await append(broker, 'channel/kept', 10);
  for (let n = 1; n <= 20; n++) await appendOne(broker, 'channel/left', `"${'x'.repeat(2_000)}"`, `key ${n}`);
  await until(() => left.told.length === 21, 'all entries');
  relay.unfollow(left.subscription);
  const growing = follow(LOG, 'start');
  await live(growing);
  for (let n = 1; n <= 30; n++) await appendOne(broker, LOG, `"${'x'.repeat(2_000)}"`, `key ${n}`);
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

test('a history larger than the whole budget still reaches its follower', async () => {
  const { follow, broker } = startRelay({ maxMemoryBytes: 50_000, maxRingBytes: 20_000 });
  for (let n = 1; n <= 300; n++) await appendOne(broker, LOG, `"${'x'.repeat(1_000)}"`, `key ${n}`);
  const reader = follow(LOG, 'start', 10_000);
  await live(reader);
  expect(reader.told).toEqual([...keys(1, 300), 'LIVE']);
});
