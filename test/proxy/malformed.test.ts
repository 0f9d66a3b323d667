import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { type Broker, createBroker } from 'message-flow/broker';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { loadZeromq } from '../../src/broker/zeromq/index.ts';
import { readLog } from '../cli/program.ts';
import { until } from '../support/until.ts';
import { buildProxyProgram, createProxyUrl, type ProxyProcess, startProxy } from './proxy-process.ts';

const LOG = 'channel/a' as LogName;
const LIMIT_MS = 120_000;
/** No message that is made by chance has it. */
const LAST_ID = 4_242_424;

buildProxyProgram();

/** What comes in, of any kind: bytes, JSON, and what is nearly a request. */
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .array(fc.oneof(fc.constantFrom('append', 'read', 'tops', LOG, 1, -1, 1e300, null, []), fc.jsonValue()))
    .map((parts) => Buffer.from(JSON.stringify([1, ...parts]))),
);

test('requests that are none cost themselves and a counter', { timeout: LIMIT_MS }, async () => {
  const { url, proxy, isWell } = await start();
  const { Dealer } = loadZeromq();
  const stranger = new Dealer({ linger: 0, receiveHighWaterMark: 0 });
  onTestFinished(() => stranger.close());
  stranger.connect(`ipc://${new URL(url).pathname}/requests`);
  const messages = fc.sample(fc.array(frame, { minLength: 1, maxLength: 6 }), 3_000);
  for (const message of messages) await stranger.send(message);
  await stranger.send(JSON.stringify([LAST_ID, 'tops', [LOG]]));
  // Its answer says that all before it were taken. Some of those are answered too: their faults.
  for (let id: unknown; id !== LAST_ID; ) [id] = JSON.parse(String((await stranger.receive())[0]));
  await isWell();
  proxy.signal('SIGTERM');
  expect([await proxy.ended, proxy.stderr]).toEqual([[0, null], '']);
  expect(readLog(proxy.stdout).at(-1)).toMatchObject({ msg: 'ended', malformed: expect.any(Number) });
  expect(readLog(proxy.stdout).at(-1)?.malformed).toBeGreaterThan(1_000);
});

test('subscriptions to nothing cost nobody anything', { timeout: LIMIT_MS }, async () => {
  const { url, isWell } = await start();
  const { XSubscriber } = loadZeromq();
  const stranger = new XSubscriber({ sendHighWaterMark: 0 });
  onTestFinished(() => stranger.close());
  stranger.connect(`ipc://${new URL(url).pathname}/live`);
  for (const bytes of fc.sample(fc.uint8Array({ maxLength: 400 }), 3_000)) {
    await stranger.send(Buffer.from([bytes.length % 3, ...bytes]));
  }
  await isWell();
});

test.each(['requests', 'live'])(
  'bytes that are no ZeroMQ at all cost their connection: %s',
  async (name) => {
    const { url, isWell } = await start();
    for (const bytes of fc.sample(fc.uint8Array({ minLength: 64, maxLength: 2_000 }), 50)) {
      const socket = connect(`${new URL(url).pathname}/${name}`);
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.end(Buffer.from(bytes));
    }
    await isWell();
  },
  LIMIT_MS,
);

test('a frame that is larger than any request costs its connection', { timeout: LIMIT_MS }, async () => {
  const { url, isWell } = await start();
  const { Dealer } = loadZeromq();
  const stranger = new Dealer({ linger: 0 });
  onTestFinished(() => stranger.close());
  const isCut = (async () => {
    for await (const { type } of stranger.events) if (type === 'disconnect') return true;
    return false;
  })();
  stranger.connect(`ipc://${new URL(url).pathname}/requests`);
  await stranger.send(Buffer.alloc(1_048_576));
  expect(await isCut).toBe(true);
  await isWell();
});

test.each([
  ['data that are no JSON', '{"a":', 'a', 'said', 'its data are no JSON'],
  [
    'data that are too large',
    JSON.stringify('x'.repeat(262_143)),
    'a',
    'said',
    'its data has 262145 bytes, limit is 262144',
  ],
  ['a key that is too long', '1', 'é'.repeat(65), 'said', 'its key has 130 bytes, limit is 128'],
  ['an event that is too long', '1', 'a', 's'.repeat(129), 'its event has 129 bytes, limit is 128'],
])(
  '%s are refused, whoever sends them',
  async (_, data, key, event, reason) => {
    const { url, broker } = await start();
    const stranger = new (loadZeromq().Dealer)({ linger: 0 });
    onTestFinished(() => stranger.close());
    stranger.connect(`ipc://${new URL(url).pathname}/requests`);
    await stranger.send([JSON.stringify([7, 'append', LOG, key, event]), data]);
    const [answer] = await stranger.receive();
    expect(JSON.parse(String(answer))).toEqual([7, 'failed', 'refused', `the request is refused: ${reason}`]);
    const append = broker.append(LOG, { key, event, data: data as EncodedJson });
    await expect(append).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining(reason) });
    expect((await broker.read(LOG, 'start', 10)).entries).toEqual([]);
  },
  LIMIT_MS,
);

async function start(): Promise<{ url: string; proxy: ProxyProcess; broker: Broker; isWell: () => Promise<void> }> {
  const url = createProxyUrl();
  const proxy = await startProxy(url);
  const broker = createBroker(url);
  onTestFinished(() => broker.close());
  const isWell = async () =>
    void (await until(async () => (await broker.health()).ok, 'the proxy to be well', LIMIT_MS));
  await isWell();
  return { url, proxy, broker, isWell };
}
