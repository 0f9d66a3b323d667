import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { append } from './test-gateway.ts';
import { LOG, type Reader, startRelay } from './test-relay.ts';

const COUNT = 2_000;

test('2,000 that resume one log at different positions cost three reads at most', async () => {
  const { follow, broker } = startRelay();
  const at = await append(broker, LOG, 200);
  const readers = Array.from({ length: COUNT }, (_, i) => follow(LOG, at[(i * 7) % 200] as never));
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'LIVE');
  for (const [i, { told }] of readers.entries()) {
    const first = ((i * 7) % 200) + 2;
    expect(told).toEqual([...Array.from({ length: 201 - first }, (_, j) => `key ${first + j}`), 'LIVE']);
  }
  expect(broker.readCount).toBeLessThanOrEqual(3);
});

test('2,000 that come with places of another epoch cost three reads at most, and all are told', async () => {
  const { follow, broker } = startRelay();
  await append(broker, LOG, 200);
  const readers = Array.from({ length: COUNT }, (_, i) => follow(LOG, `gone:${i}:0badc0de` as never));
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'LIVE');
  for (const { told } of readers) expect(told).toEqual(['GAP reset', 'LIVE']);
  expect(broker.readCount).toBeLessThanOrEqual(3);
});

test('2,000 that ask for the start of one log cost three reads at most', async () => {
  const { follow, broker } = startRelay();
  await append(broker, LOG, 100);
  const readers = Array.from({ length: COUNT }, () => follow(LOG, 'start'));
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'LIVE');
  expect(readers.every(({ told }) => told.length === 101)).toBe(true);
  expect(broker.readCount).toBeLessThanOrEqual(3);
});

test('2,000 that come one after another, while entries come, cost a few reads and get each entry once', async () => {
  const { follow, broker } = startRelay();
  const at = await append(broker, LOG, 100);
  const readers: { readonly reader: Reader; readonly first: number }[] = [];
  for (let i = 0; i < COUNT; i++) {
    readers.push({ reader: follow(LOG, at[i % 100] as never), first: (i % 100) + 2 });
    if (i % 20 === 0) await append(broker, LOG, 1, 101 + i / 20);
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => readers.every(({ reader }) => reader.told.includes('key 200')), 'the last entry');
  for (const { reader, first } of readers) {
    const entries = reader.told.filter((told) => told !== 'LIVE');
    expect(entries).toEqual(Array.from({ length: 201 - first }, (_, j) => `key ${first + j}`));
  }
  expect(broker.readCount).toBeLessThanOrEqual(5);
});

test('2,000 logs that are each resumed once cost one read each', async () => {
  const { follow, broker } = startRelay();
  const readers = Array.from({ length: COUNT }, (_, i) => follow(`channel/c${i}` as LogName, 'start'));
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'LIVE');
  expect(broker.readCount).toBe(COUNT);
});
