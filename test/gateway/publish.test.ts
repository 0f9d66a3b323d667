import { type Broker, BrokerError, createMemoryBroker } from 'message-flow/broker';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { startGateway } from './test-gateway.ts';

async function readLog(broker: Broker, log: string): Promise<[string, string, string][]> {
  const { entries } = await broker.read(log as never, 'start', 1_000);
  return entries.map(({ key, event, data }) => [key, event, data]);
}

test.each([
  ['user', { user: 'Zoë/7' }, 'user/Zo%C3%AB%2F7'],
  ['everyone', { everyone: true }, 'everyone'],
  ['a channel', { log: 'channel/project/7' }, 'channel/project/7'],
  ['a store', { log: 'store/desk' }, 'store/desk'],
  ['a run', { log: 'run/ada/count/1' }, 'run/ada/count/1'],
])('one message to %s is stored and answered with its place', async (_, target, log) => {
  const { post, broker } = await startGateway();
  const response = await post('publish', { ...target, id: 'saved', data: { a: 1 }, key: 'k1' });
  expect(response.status).toBe(200);
  const { entries } = await broker.read(log as never, 'start', 10);
  expect(await response.json()).toEqual({ at: entries[0]?.at });
  expect(await readLog(broker, log)).toEqual([['k1', 'saved', '{"a":1}']]);
});

test('a list is answered in its order, each message with its place', async () => {
  const { post, broker } = await startGateway();
  const list = Array.from({ length: 100 }, (_, n) => ({ user: `u${n % 3}`, id: 'n', data: n }));
  const response = await post('publish', list);
  const results = (await response.json()) as { at: string }[];
  expect(results).toHaveLength(100);
  for (const user of ['u0', 'u1', 'u2']) {
    const { entries } = await broker.read(`user/${user}` as never, 'start', 100);
    const mine = list.map((message, i) => [message, results[i]] as const).filter(([message]) => message.user === user);
    expect(entries.map(({ at, data }) => [data, at])).toEqual(
      mine.map(([message, result]) => [String(message.data), result?.at]),
    );
  }
});

test('a list of one is answered with a list', async () => {
  const { post } = await startGateway();
  expect(await (await post('publish', [{ everyone: true, id: 'x', data: 1 }])).json()).toHaveLength(1);
});

test('numbers and escapes reach the socket to the byte', async () => {
  const { post, connect } = await startGateway();
  const socket = await connect('ada');
  const data = '{ "n":12345678901234567890.000100,"e" : 1E+2, "z":-0, "s":"\\u00e9\\/ é" }';
  await post('publish', `[ {"id":"exact", "data" :${data} , "user":"ada","key":"k"} ]`);
  const text = await socket.text((said) => said.startsWith('{"id":"exact"'), 'the message');
  expect(text.startsWith(`{"id":"exact","data":${data},"log":"user/ada","at":"`)).toBe(true);
});

test('null is data', async () => {
  const { post, broker } = await startGateway();
  await post('publish', { everyone: true, id: 'x', data: null, key: 'k' });
  expect(await readLog(broker, 'everyone')).toEqual([['k', 'x', 'null']]);
});

test('the same key twice is stored once and answered with the same place, in one list and in many requests', async () => {
  const { post, broker } = await startGateway();
  const message = { user: 'ada', id: 'x', data: 1, key: 'once' };
  const list = (await (await post('publish', [message, message])).json()) as { at: string }[];
  const many = await Promise.all(Array.from({ length: 50 }, async () => (await post('publish', message)).json()));
  expect(new Set([...list, ...many].map(({ at }) => at)).size).toBe(1);
  expect(await readLog(broker, 'user/ada')).toHaveLength(1);
});

test('messages without a key are all stored', async () => {
  const { post, broker } = await startGateway();
  const message = { user: 'ada', id: 'x', data: 1 };
  await post('publish', [message, message, message]);
  const keys = (await readLog(broker, 'user/ada')).map(([key]) => key);
  expect(new Set(keys).size).toBe(3);
});

test('a place that the engine can not tell is null', async () => {
  const broker = { ...createMemoryBroker(), append: async () => null };
  const { post } = await startGateway({ broker });
  expect(await (await post('publish', { everyone: true, id: 'x', data: 1 })).json()).toEqual({ at: null });
});

test('what a broker refuses or fails at is said message by message; after a failure its log is left, so that order holds', async () => {
  const memory = createMemoryBroker();
  const broker: Broker = {
    ...memory,
    async append(log, entry) {
      if (entry.event === 'refused') throw new BrokerError('refused', 'no right');
      if (entry.event === 'broken') throw new Error('a fault');
      return await memory.append(log, entry);
    },
  };
  const { post } = await startGateway({ broker });
  const ids = ['good', 'refused', 'good', 'broken', 'good'];
  const others = [{ user: 'ada', id: 'good', data: 1 }];
  const response = await post('publish', [...ids.map((id) => ({ everyone: true, id, data: 1 })), ...others]);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual([
    { at: expect.any(String) },
    { error: { code: 'refused', message: 'no right' } },
    { at: expect.any(String) },
    { error: { code: 'unavailable', message: 'the broker failed: a fault' } },
    { error: { code: 'unavailable', message: expect.stringContaining('not tried') } },
    { at: expect.any(String) },
  ]);
});

test('a broker that hangs is answered unavailable after 2 s, and holds up no other log', async () => {
  const memory = createMemoryBroker();
  const broker: Broker = {
    ...memory,
    append: (log, entry) => (log === 'everyone' ? new Promise(() => {}) : memory.append(log, entry)),
  };
  const time = createFakeTime();
  const { post, connect } = await startGateway({ broker, clock: time.clock });
  const socket = await connect('ada');
  let results: unknown;
  const messages = [
    { everyone: true, id: 'hangs', data: 1 },
    { user: 'ada', id: 'goes', data: 2 },
  ];
  void post('publish', messages)
    .then((response) => response.json())
    .then((json) => {
      results = json;
    });
  await socket.text((text) => text.startsWith('{"id":"goes"'), 'the other');
  time.advance(1_999);
  await nextTurn();
  expect(results).toBeUndefined();
  time.advance(1);
  await until(() => results, 'the answer');
  expect(results).toEqual([
    { error: { code: 'unavailable', message: 'the broker failed: nothing within 2000 ms' } },
    { at: expect.any(String) },
  ]);
});

test('messages published by HTTP arrive in the order of their list, beside those of other senders', async () => {
  const { post, connect } = await startGateway();
  const socket = await connect('ada');
  await Promise.all(
    ['a', 'b', 'c'].map((sender) =>
      post(
        'publish',
        Array.from({ length: 50 }, (_, n) => ({ user: 'ada', id: sender, data: n })),
      ),
    ),
  );
  const arrived = () => socket.texts.filter((text) => /^\{"id":"[abc]"/.test(text)).map((text) => JSON.parse(text));
  await until(() => arrived().length === 150, '150 messages');
  for (const sender of ['a', 'b', 'c']) {
    const mine = arrived().filter(({ id }) => id === sender);
    expect(mine.map(({ data }) => data)).toEqual([...Array(50).keys()]);
  }
});
