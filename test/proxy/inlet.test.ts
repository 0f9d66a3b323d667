import { expect, onTestFinished, test } from 'vitest';
import { nodeClock } from '../../src/gateway/host/node-clock.ts';
import { createInlet } from '../../src/proxy/index.ts';
import { SECRET, startGateway } from '../gateway/test-gateway.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { openOldPage } from '../support/old-page.ts';
import { signOldToken } from '../support/old-token.ts';
import { until } from '../support/until.ts';
import { createAwayBroker, createSocketFolder, dataOf, layPush, openPub, openPush, startInlet } from './test-inlet.ts';

const PATIENCE_MS = 60_000;

test('what a PUB of 2016 and a PUSH of today publish comes into the logs of their users', async () => {
  const { inlet, broker, xsub, pull } = await startInlet();
  const [pub, push] = [await openPub(xsub), openPush(pull)];
  await pub.send('0 {"username": "ada", "id": "TASK DONE", "data": "Message processed"}');
  await push.send(layPush('12', 'skyportal/FETCH', { id: 7 }));
  await push.send(layPush('*', 'skyportal/NEWS', {}));
  await until(() => inlet.stats().appended === 3, 'all three');
  expect(await dataOf(broker, 'user/ada')).toEqual(['Message processed']);
  expect(await dataOf(broker, 'user/12')).toEqual([{ id: 7 }]);
  expect(await dataOf(broker, 'everyone')).toEqual([{}]);
});

test('from an old publisher to an old page, and to ours, through all that is new', async () => {
  const { broker, pull, xsub } = await startInlet();
  const gateway = await startGateway({ broker, dialects: ['2016'], unexpiringTokens: true, clock: nodeClock });
  const askToken = async () => signOldToken({ username: 'ada' }, SECRET);
  const page = openOldPage({ url: `ws://127.0.0.1:${gateway.port}/websocket`, clock: createFakeClock(), askToken });
  const ours = await gateway.connect('ada');
  await until(() => page.authenticated === 'Yes', 'AUTH OK');
  await (await openPub(xsub)).send('0 {"username": "ada", "id": "TASK DONE", "data": 12345678901234567890.10}');
  await ours.text((text) => text.includes('"data":12345678901234567890.10,'), 'the message, to the digit');
  await until(() => page.messages.length === 1, 'the message');
  await openPush(pull).send(layPush('*', 'news', 'all'));
  await until(() => page.messages.length === 2, 'the news');
  expect(page.messages[1]).toEqual({ username: '*', id: 'news', data: 'all' });
});

test('bug 1.8#8: a PUB that is connected is asked for all it has, and nothing of it is lost', async () => {
  const { inlet, broker, xsub } = await startInlet();
  for (let i = 0; i < 20; i++) {
    const pub = await openPub(xsub);
    await pub.send(`0 {"username": "ada", "id": "x", "data": ${i}}`);
    await until(() => inlet.stats().appended === i + 1, `message ${i}`);
    pub.close();
  }
  expect(await dataOf(broker, 'user/ada')).toEqual([...Array(20).keys()]);
});

test('a listener that throws stops no stream', async () => {
  const { inlet, pull } = await startInlet({
    onEvent() {
      throw new Error('broken listener');
    },
  });
  const push = openPush(pull);
  await push.send('nonsense');
  await push.send(layPush('12', 'skyportal/FETCH', { id: 7 }));
  await until(() => inlet.stats().appended === 1, 'what follows the nonsense');
});

test.each(['1.8#3', '3.B1'])('bug %s: a malformed message costs itself and a counter, never the stream', async () => {
  const { inlet, broker, events, xsub, pull } = await startInlet();
  const [pub, push] = [await openPub(xsub), openPush(pull)];
  const bad: (string | Buffer | (string | Buffer)[])[] = [
    'nospace',
    '0 {"id": "x", "data": 1}',
    '0 {"username": ',
    Buffer.from([0x30, 0x20, 0xff]),
    ['a', 'b', 'c'],
    '0 {"username": "ada", "id": "AUTH OK", "data": 1}',
    '',
  ];
  for (const [i, message] of bad.entries()) {
    await pub.send(message);
    await push.send(message);
    await pub.send(`0 {"username": "ada", "id": "x", "data": ${i}}`);
    await push.send(layPush('grace', 'x', i));
  }
  await until(() => inlet.stats().received === bad.length * 4, 'all');
  await until(() => inlet.stats().appended === bad.length * 2, 'the good ones');
  expect(await dataOf(broker, 'user/ada')).toEqual([...bad.keys()]);
  expect(await dataOf(broker, 'user/grace')).toEqual([...bad.keys()]);
  expect(inlet.stats().lost).toEqual({
    'not-json': 6,
    'no-user': 2,
    'not-utf-8': 2,
    'wrong-parts': 2,
    'reserved-event': 2,
  });
  expect(events.map((event) => ('reason' in event ? [event.reason, event.count] : event.type))).toEqual([
    ['not-json', 1],
    ['no-user', 1],
    ['not-utf-8', 1],
    ['wrong-parts', 1],
    ['reserved-event', 1],
  ]);
});

test(
  'a message of 10 MB costs itself and a counter',
  async () => {
    const { inlet, broker, pull } = await startInlet();
    const push = openPush(pull);
    await push.send(layPush('ada', 'x', 1));
    await push.send(['ada', Buffer.alloc(10_000_000, 0x20)]);
    await push.send(layPush('ada', 'x', 2));
    await until(() => inlet.stats().received === 3, 'all', PATIENCE_MS);
    await until(() => inlet.stats().appended === 2, 'the good ones');
    expect(await dataOf(broker, 'user/ada')).toEqual([1, 2]);
    expect(inlet.stats().lost).toEqual({ 'too-large': 1 });
  },
  PATIENCE_MS,
);

test(
  'bug 3.B3: of a burst of 100,000 all arrive, in order, once',
  async () => {
    const { inlet, broker, pull } = await startInlet({ maxQueueBytes: 256 * 1_048_576 });
    const push = openPush(pull);
    const users = Array.from({ length: 10 }, (_, i) => `user${i}`);
    for (let i = 0; i < 100_000; i++) await push.send([`user${i % 10}`, `{"actionType": "x", "payload": ${i}}`]);
    await until(() => inlet.stats().appended === 100_000, 'all', PATIENCE_MS);
    for (const [i, user] of users.entries()) {
      expect(await dataOf(broker, `user/${user}`)).toEqual(Array.from({ length: 10_000 }, (_, n) => n * 10 + i));
    }
    expect(inlet.stats().lost).toEqual({});
  },
  2 * PATIENCE_MS,
);

test('bug 3.B6: while the broker is away no publisher waits, and what it sent comes in order, once, when it is back', async () => {
  const { inlet, broker, clock, events, pull } = await startInlet();
  const push = openPush(pull);
  broker.isAway = true;
  for (let i = 0; i < 2_000; i++) await push.send(layPush(`user${i % 2}`, 'x', i));
  await until(() => inlet.stats().received === 2_000, 'all');
  expect(events.map(({ type }) => type)).toEqual(['broker-away']);
  const before = broker.appendCount;
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(broker.appendCount - before).toBeLessThanOrEqual(2 * 20); // two logs, and waits that grow to 5 s
  broker.isAway = false;
  clock.advance(5_000);
  await until(() => inlet.stats().appended === 2_000, 'all of it');
  expect(await dataOf(broker, 'user/user1')).toEqual(Array.from({ length: 1_000 }, (_, n) => 2 * n + 1));
  expect(events.map(({ type }) => type)).toEqual(['broker-away', 'broker-back']);
  expect(inlet.stats().waiting).toEqual({ messages: 0, bytes: 0 });
});

test('what finds no room is lost, counted and told; the oldest wait', async () => {
  const { inlet, broker, clock, events, pull } = await startInlet({ maxQueueBytes: 100_000 });
  const push = openPush(pull);
  broker.isAway = true;
  for (let i = 0; i < 1_000; i++) await push.send(layPush('ada', 'x', i));
  await until(() => inlet.stats().received === 1_000, 'all');
  const { lost, waiting } = inlet.stats();
  expect(waiting.bytes).toBeLessThanOrEqual(100_000);
  expect(lost).toEqual({ 'no-room': 1_000 - waiting.messages });
  clock.advance(10_000);
  broker.isAway = false;
  clock.advance(10_000);
  await until(() => inlet.stats().appended === waiting.messages, 'what waited');
  expect(await dataOf(broker, 'user/ada')).toEqual([...Array(waiting.messages).keys()]);
  const told = events.flatMap((event) => (event.type === 'messages-lost' ? [event] : []));
  expect(told.map(({ reason }) => reason)).toEqual(['no-room', 'no-room']);
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(1_000 - waiting.messages);
});

test('an append whose answer was lost is said again with its key, and is there once', async () => {
  const broker = createAwayBroker();
  const { append } = broker;
  let isDeaf = true;
  broker.append = async (log, entry) => {
    const at = await append(log, entry);
    return isDeaf ? await new Promise<never>(() => {}) : at;
  };
  const { inlet, clock, pull } = await startInlet({ broker });
  await openPush(pull).send(layPush('ada', 'x', 1));
  await until(() => broker.appendCount === 1, 'the append');
  isDeaf = false;
  clock.advance(5_000);
  await until(() => clock.timerCount > 0, 'the wait');
  await until(() => {
    clock.advance(250);
    return inlet.stats().appended === 1;
  }, 'the answer');
  expect(broker.appendCount).toBe(2);
  expect(await dataOf(broker, 'user/ada')).toEqual([1]);
});

test('one user whose log is slow does not hold up the others', async () => {
  const broker = createAwayBroker();
  const { append } = broker;
  broker.append = (log, entry) => (log === 'user/slow' ? new Promise<never>(() => {}) : append(log, entry));
  const { inlet, pull } = await startInlet({ broker });
  const push = openPush(pull);
  for (const user of ['slow', 'ada', 'slow', 'ada']) await push.send(layPush(user, 'x', 1));
  await until(() => inlet.stats().appended === 2, 'hers');
  expect(inlet.stats().waiting.messages).toBe(2);
});

test('bug 3.B7: what is published while the inlet is away waits with its publisher, and comes in when it is back', async () => {
  const folder = createSocketFolder();
  const broker = createAwayBroker();
  const open = () =>
    createInlet({ broker, clock: createFakeClock(), pull: `ipc://${folder}/pull`, dialects: ['2020'] });
  const first = await open();
  const push = openPush(`ipc://${folder}/pull`);
  for (let i = 0; i < 100; i++) await push.send(layPush('ada', 'x', i));
  await until(() => first.stats().appended === 100, 'the first');
  const disconnected = new Promise<void>((resolve) => push.events.on('disconnect', () => resolve()));
  await first.close();
  await disconnected;
  for (let i = 100; i < 200; i++) await push.send(layPush('ada', 'x', i));
  const second = await open();
  onTestFinished(() => second.close());
  await until(() => second.stats().appended === 100, 'the rest');
  expect(await dataOf(broker, 'user/ada')).toEqual([...Array(200).keys()]);
});

test('at its end what came is appended; what the broker does not take in time is counted', async () => {
  const { inlet, broker, clock, events, pull } = await startInlet({ closeTimeoutMs: 1_000 });
  const push = openPush(pull);
  broker.isAway = true;
  for (let i = 0; i < 5; i++) await push.send(layPush('ada', 'x', i));
  await until(() => inlet.stats().received === 5, 'all');
  const closing = inlet.close();
  clock.advance(1_000);
  await closing;
  expect(inlet.stats().lost).toEqual({ closed: 5 });
  expect(events.at(-1)).toEqual({ type: 'messages-lost', reason: 'closed', count: 4 });
  await until(() => clock.timerCount === 0, 'no timer to be left');
});

test.each([
  'tcp://*:64002',
  'tcp://0.0.0.0:64002',
  'tcp://eth0:64002',
  'tcp://[::]:64002',
  'tcp://192.168.0.7:64002',
  'tcp://localhost.evil.example:64002',
  'pgm://239.0.0.1:1',
  'ipc://',
])('bug 3.B13: an inlet that other machines could reach is refused: %s', async (pull) => {
  const open = createInlet({ broker: createAwayBroker(), clock: createFakeClock(), pull, dialects: ['2020'] });
  await expect(open).rejects.toThrow('is reached from other machines');
});

test('an inlet without a place, or without a dialect, is refused', async () => {
  const rest = { broker: createAwayBroker(), clock: createFakeClock() };
  await expect(createInlet({ ...rest, dialects: ['2016'] })).rejects.toThrow('neither xsub nor pull');
  await expect(createInlet({ ...rest, pull: 'tcp://127.0.0.1:*', dialects: [] })).rejects.toThrow('dialects is empty');
});

test('a place that is taken is named, and the other socket is closed again', async () => {
  const { pull } = await startInlet();
  const folder = createSocketFolder();
  const rest = { broker: createAwayBroker(), clock: createFakeClock(), dialects: ['2016'] as const };
  const taken = createInlet({ ...rest, xsub: `ipc://${folder}/in`, pull });
  await expect(taken).rejects.toThrow(`Cannot listen on ${pull}: `);
  const again = await createInlet({ ...rest, xsub: `ipc://${folder}/in` });
  await again.close();
});

test(
  '10,000 messages of one turn leave the event loop its turns',
  async () => {
    const { inlet, pull } = await startInlet({ maxQueueBytes: 64 * 1_048_576 });
    const push = openPush(pull);
    for (let i = 0; i < 10_000; i++) await push.send(layPush('ada', 'x', i));
    let turns = 0;
    const count = () => {
      turns++;
      if (inlet.stats().received < 10_000) setImmediate(count);
    };
    const from = inlet.stats().received;
    count();
    await until(() => inlet.stats().appended === 10_000, 'all', PATIENCE_MS);
    expect(turns).toBeGreaterThanOrEqual(Math.floor((10_000 - from) / 256));
  },
  PATIENCE_MS,
);
