import { type Broker, createBroker, type Entry } from 'message-flow/broker';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { nodeClock } from '../../src/gateway/host/node-clock.ts';
import { keys, type Reader, startRelay } from '../gateway/test-relay.ts';
import { until } from '../support/until.ts';
import { openCutLine } from './cut-line.ts';
import { buildProxyProgram, createProxyUrl, startProxy } from './proxy-process.ts';

const LIMIT_MS = 300_000;

buildProxyProgram();

test('a burst of 100,000 entries over 1,000 logs reaches two relays whole, in order, once', {
  timeout: LIMIT_MS,
}, async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const [publisher, ...brokers] = [connect(url), connect(url), connect(url)];
  const logs = nameLogs(1_000);
  const readers = (await Promise.all(brokers.map((broker) => followAll(broker, logs)))).flat();
  const all = keys(1, 100);
  // A wave is an entry for each log: as many as 1,000 senders have under way at once.
  for (const key of all) await Promise.all(logs.map((log) => publisher.append(log, entryOf(key))));
  const isWhole = () => readers.every(({ told }) => told.length > all.length);
  await until(isWhole, 'all that was appended', LIMIT_MS);
  for (const { told } of readers) expect(told).toEqual(['LIVE', ...all]);
});

test('what is dropped at the high-water mark is missed by nobody', { timeout: LIMIT_MS }, async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const line = await openCutLine(url);
  onTestFinished(() => line.close());
  const [publisher, broker] = [connect(url), connect(line.url)];
  const logs = nameLogs(40);
  const heard: Entry[] = [];
  for (const log of logs) await broker.tail(log, (entry) => void heard.push(entry));
  const readers = await followAll(broker, logs);
  const all = keys(1, 500);
  line.freeze();
  const data = JSON.stringify('x'.repeat(500));
  for (const key of all) await Promise.all(logs.map((log) => publisher.append(log, entryOf(key, data))));
  line.thaw();
  await until(() => readers.every(({ told }) => told.length > all.length), 'all that was appended', LIMIT_MS);
  for (const { told } of readers) expect(told).toEqual(['LIVE', ...all]);
  expect(heard.length).toBeLessThan(all.length * logs.length); // or nothing was dropped
});

test(
  'the last entry of a log is found out when it is dropped, though nothing comes after it',
  async () => {
    const url = createProxyUrl();
    await startProxy(url);
    const line = await openCutLine(url);
    onTestFinished(() => line.close());
    const [publisher, broker] = [connect(url), connect(line.url)];
    const [quiet, busy] = nameLogs(2) as [LogName, LogName];
    const [reader] = await followAll(broker, [quiet, busy]);
    line.freeze();
    const data = JSON.stringify('x'.repeat(500));
    for (let i = 0; i < 20; i++) {
      await Promise.all(keys(1, 1_000).map((key) => publisher.append(busy, entryOf(`${i} ${key}`, data))));
    }
    await publisher.append(quiet, entryOf('last'));
    line.thaw();
    await until(() => reader?.told.length === 2, 'the last entry', LIMIT_MS);
    expect(reader?.told).toEqual(['LIVE', 'last']);
  },
  LIMIT_MS,
);

test('a broker whose requests alone are cut goes on, and appends nothing twice', { timeout: LIMIT_MS }, async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const line = await openCutLine(url);
  onTestFinished(() => line.close());
  const broker = connect(line.url);
  const [log] = nameLogs(1) as [LogName];
  const all = keys(1, 300);
  const places = all.map(async (key, i) => {
    if (i % 50 === 0) setImmediate(() => line.cut('requests'));
    return await broker.append(log, entryOf(key));
  });
  const given = await Promise.all(places);
  expect(new Set(given).size).toBe(all.length);
  const { entries } = await broker.read(log, 'start', 1_000);
  expect(entries.map(({ key }) => key).sort()).toEqual([...all].sort());
});

test('a live end that comes back follows all of 3,000 logs again', { timeout: LIMIT_MS }, async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const line = await openCutLine(url);
  onTestFinished(() => line.close());
  const [publisher, broker] = [connect(url), connect(line.url)];
  const heard = new Set<LogName>();
  const logs = nameLogs(3_000);
  await Promise.all(logs.map((log) => broker.tail(log, () => void heard.add(log))));
  const interrupted = new Promise((resolve) => broker.on('interrupted', resolve));
  line.cut('live');
  expect(await interrupted).toBe('all');
  await Promise.all(logs.map((log) => publisher.append(log, entryOf('a'))));
  await until(() => heard.size === logs.length, 'an entry of each log', LIMIT_MS);
});

test('of logs that a broker does not follow the proxy sends it nothing', async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const line = await openCutLine(url);
  onTestFinished(() => line.close());
  const [publisher, broker] = [connect(url), connect(line.url)];
  const [followed, left, other] = nameLogs(3) as [LogName, LogName, LogName];
  const heard: string[] = [];
  await broker.tail(followed, ({ key }) => void heard.push(key));
  const stop = await broker.tail(left, () => {});
  stop();
  await broker.tail(followed, () => {}); // whose proof says that the proxy took all before it
  const large = JSON.stringify('x'.repeat(10_000));
  for (const key of keys(1, 50)) await publisher.append(other, entryOf(key, large));
  const before = line.countLiveBytes();
  for (const key of keys(51, 100)) {
    await publisher.append(other, entryOf(key, large));
    await publisher.append(left, entryOf(key, large));
  }
  await publisher.append(followed, entryOf('a'));
  await until(() => heard.length === 1, 'the entry of the log that is followed');
  expect(broker.capabilities.interest).toBe(true);
  expect(line.countLiveBytes() - before).toBeLessThan(10_000);
});

test('an entry too large for the live end comes in its place', { timeout: LIMIT_MS }, async () => {
  const url = createProxyUrl();
  await startProxy(url);
  const [publisher, broker] = [connect(url), connect(url)];
  const logs = nameLogs(1);
  const [reader] = await followAll(broker, logs);
  const large = JSON.stringify('x'.repeat(262_142));
  const all = keys(1, 30);
  for (const [i, key] of all.entries())
    await publisher.append(logs[0] as LogName, entryOf(key, i % 3 === 0 ? large : '1'));
  await until(() => reader?.told.length === all.length + 1, 'all entries', LIMIT_MS);
  expect(reader?.told).toEqual(['LIVE', ...all]);
});

function connect(url: string): Broker {
  const broker = createBroker(url);
  onTestFinished(() => broker.close());
  return broker;
}

function nameLogs(count: number): LogName[] {
  return Array.from({ length: count }, (_, i) => `channel/burst/${i}` as LogName);
}

/** Follows logs by a relay of their own, and waits until each is live. */
async function followAll(broker: Broker, logs: readonly LogName[]): Promise<Reader[]> {
  const { follow } = startRelay({ broker, clock: nodeClock });
  const tops = await broker.tops(logs);
  const readers = logs.map((log) => follow(log, tops.get(log) ?? 'start'));
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'all logs to be live', LIMIT_MS);
  return readers;
}

function entryOf(key: string, data = '1') {
  return { key, event: 'said', data: data as EncodedJson };
}
