import { readdirSync, symlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createFlow } from 'message-flow/backend';
import { type Broker, createBroker } from 'message-flow/broker';
import { contract, type } from 'message-flow/contract';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { nodeClock } from '../../src/gateway/host/node-clock.ts';
import { live, startRelay } from '../gateway/test-relay.ts';
import { until } from '../support/until.ts';
import { openCutLine } from './cut-line.ts';
import { buildProxyProgram, createProxyUrl, startProxy } from './proxy-process.ts';

const LIMIT_MS = 120_000;
const MINUTE_MS = 60_000;
/** What the runtime opens for itself meanwhile: a source of random bytes, a thread's eventfd. */
const SPARE_DESCRIPTORS = 4;
const LOG = 'channel/a' as LogName;
const UNAVAILABLE = { name: 'BrokerError', code: 'unavailable' };

buildProxyProgram();

test(
  'a broker that is made before its proxy waits, says for whom, and works once it is there',
  async () => {
    const url = createProxyUrl();
    const broker = connect(url);
    const away = await broker.health();
    expect(away).toMatchObject({ ok: false, reason: expect.stringContaining(url) });
    await startProxy(url);
    await until(async () => (await broker.health()).ok, 'the broker to be well', LIMIT_MS);
    expect((await broker.health()).since).toBeGreaterThan(away.since);
    const heard: string[] = [];
    await broker.tail(LOG, ({ key }) => void heard.push(key));
    await append(broker, 'a');
    await until(() => heard.length > 0, 'what was appended', LIMIT_MS);
  },
  LIMIT_MS,
);

test(
  'every call rejects with unavailable while there is no proxy',
  async () => {
    const broker = connect(createProxyUrl());
    const calls = [append(broker, 'a'), broker.read(LOG, 'start', 1), broker.tops([LOG]), broker.tail(LOG, () => {})];
    for (const call of calls) await expect(call).rejects.toMatchObject(UNAVAILABLE);
  },
  LIMIT_MS,
);

test('what waits for a proxy that is away is bounded', async () => {
  const broker = connect(createProxyUrl());
  const waiting = Array.from({ length: 10_000 }, (_, i) => append(broker, `${i}`));
  await expect(append(broker, 'one more')).rejects.toThrow('10000 requests');
  await broker.close();
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'closed')).toBe(true);
});

test(
  'send answers with unavailable while there is no proxy, and works when it is back',
  async () => {
    const url = createProxyUrl();
    const events = { said: type<string>() };
    const flow = createFlow(contract({ events, channels: [] }), {
      broker: url,
      development: true,
      authenticate: () => null,
    });
    onTestFinished(() => flow.close());
    await expect(flow.user('ada').send('said', 'a')).rejects.toMatchObject({ code: 'unavailable' });
    await startProxy(url);
    const isSent = () =>
      flow
        .user('ada')
        .send('said', 'b', { key: 'b' })
        .then(
          () => true,
          () => false,
        );
    await until(isSent, 'a send that succeeds', LIMIT_MS);
  },
  LIMIT_MS,
);

test(
  'a minute without a proxy costs no send its answer, leaks no socket, and is told by health',
  async () => {
    const url = createProxyUrl();
    const proxy = await startProxy(url);
    const broker = connect(url);
    const events = { said: type<number>() };
    const flow = createFlow(contract({ events, channels: [] }), {
      broker,
      development: true,
      authenticate: () => null,
    });
    onTestFinished(() => flow.close());
    const isSent = (said: number) =>
      flow
        .user('ada')
        .send('said', said)
        .then(
          () => true,
          () => false,
        );
    await until(() => isSent(0), 'a first send', LIMIT_MS);
    await until(async () => (await broker.health()).ok, 'both sockets to be connected', LIMIT_MS);
    const opened = readdirSync('/proc/self/fd').length;
    await proxy.kill();

    const answers: Promise<string>[] = [];
    const reasons = new Set<string | undefined>();
    for (const end = Date.now() + MINUTE_MS; Date.now() < end; await delay(100)) {
      const sent = flow.user(`user-${answers.length % 10}`).send('said', 1);
      answers.push(
        sent.then(
          ({ at }) => `at ${at}`,
          ({ code }) => code,
        ),
      );
      if (answers.length % 10 === 0) reasons.add((await broker.health()).reason);
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['unavailable']));
    expect([...reasons]).toEqual([expect.stringContaining(url)]);
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(opened + SPARE_DESCRIPTORS);

    await startProxy(url);
    await until(() => isSent(2), 'a send that succeeds', LIMIT_MS);
    // The live end comes back by itself, and may come later than what requests go by.
    expect(await until(async () => (await broker.health()).ok, 'health', LIMIT_MS)).toBe(true);
  },
  3 * LIMIT_MS,
);

test(
  'a proxy that was killed and is back tells each followed log one reset, and all goes on',
  async () => {
    const url = createProxyUrl();
    const first = await startProxy(url);
    const broker = connect(url);
    const logs = Array.from({ length: 20 }, (_, i) => `channel/${i}` as LogName);
    for (const log of logs) await append(broker, 'before', log);
    const { follow } = startRelay({ broker, clock: nodeClock });
    const readers = logs.map((log) => follow(log, 'start'));
    await live(...readers);
    await first.kill();
    await startProxy(url);
    await until(() => readers.every(({ told }) => told.includes('GAP reset')), 'a gap each', LIMIT_MS);
    for (const log of logs) await append(broker, 'after', log);
    await until(() => readers.every(({ told }) => told.at(-1) === 'after'), 'what came after', LIMIT_MS);
    for (const { told } of readers)
      expect(told.filter((one) => one !== 'LIVE')).toEqual(['before', 'GAP reset', 'after']);
  },
  LIMIT_MS,
);

test(
  'a proxy that stands still is missed, and goes on where it stood',
  async () => {
    const url = createProxyUrl();
    const proxy = await startProxy(url);
    const broker = connect(url);
    const { follow } = startRelay({ broker, clock: nodeClock });
    const reader = follow(LOG, 'start');
    await live(reader);
    proxy.signal('SIGSTOP');
    expect(await broker.health()).toMatchObject({ ok: false });
    await expect(append(broker, 'a')).rejects.toMatchObject(UNAVAILABLE);
    proxy.signal('SIGCONT');
    await until(
      () =>
        append(broker, 'a').then(
          () => true,
          () => false,
        ),
      'the same append to succeed',
      LIMIT_MS,
    );
    await append(broker, 'b');
    await until(() => reader.told.at(-1) === 'b', 'what came after', LIMIT_MS);
    expect(reader.told).toEqual(['LIVE', 'a', 'b']);
  },
  LIMIT_MS,
);

test(
  'a network that is gone for longer than a heartbeat costs no entry',
  async () => {
    const url = createProxyUrl();
    await startProxy(url);
    const line = await openCutLine(url);
    onTestFinished(() => line.close());
    const [publisher, broker] = [connect(url), connect(line.url)];
    const { follow } = startRelay({ broker, clock: nodeClock });
    const reader = follow(LOG, 'start');
    await live(reader);
    line.freeze();
    await append(publisher, 'a');
    await until(async () => !(await broker.health()).ok, 'the broker to miss its proxy', LIMIT_MS);
    await expect(broker.tops([LOG])).rejects.toMatchObject(UNAVAILABLE);
    line.thaw();
    await until(() => reader.told.includes('a'), 'what was appended meanwhile', LIMIT_MS);
    await append(publisher, 'b');
    await until(() => reader.told.at(-1) === 'b', 'what came after', LIMIT_MS);
    expect(reader.told).toEqual(['LIVE', 'a', 'b']);
  },
  LIMIT_MS,
);

test(
  'a place whose sockets are of two proxies is not well, and says so',
  async () => {
    const [url, other, mixed] = [createProxyUrl(), createProxyUrl(), createProxyUrl()];
    await startProxy(url);
    await startProxy(other);
    symlinkSync(`${new URL(url).pathname}/requests`, `${new URL(mixed).pathname}/requests`);
    symlinkSync(`${new URL(other).pathname}/live`, `${new URL(mixed).pathname}/live`);
    const broker = connect(mixed);
    await until(async () => (await broker.health()).reason?.includes('two message proxies'), 'it to say so', LIMIT_MS);
  },
  LIMIT_MS,
);

function connect(url: string): Broker {
  const broker = createBroker(url);
  onTestFinished(() => broker.close());
  return broker;
}

function append(broker: Broker, key: string, log = LOG): Promise<unknown> {
  return broker.append(log, { key, event: 'said', data: '1' as EncodedJson });
}
