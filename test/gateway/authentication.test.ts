import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { layFrame } from './raw-socket.ts';
import { appendOne, authenticate, say, signToken, startGateway, storyOf, topOf } from './test-gateway.ts';

const REQUEST = '{"id": "AUTH REQUEST"}';
const MALFORMED = '{"id":"AUTH FAILED","data":{"reason":"malformed"}}';

test('AUTH OK tells the user and the heartbeat, to the byte', async () => {
  const { open } = await startGateway({ heartbeatMs: 45_000 });
  const socket = await open();
  authenticate(socket, await signToken({ sub: 'Zoë 7' }));
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  expect(socket.texts.slice(0, 2)).toEqual([REQUEST, '{"id":"AUTH OK","data":{"user":"Zoë 7","heartbeatMs":45000}}']);
});

test('AUTH may be sent with the handshake, before anything is heard', async () => {
  const { open } = await startGateway();
  const token = await signToken();
  const socket = await open({ head: layFrame(JSON.stringify({ id: 'AUTH', data: { token } })) });
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
});

test('a bare token authenticates as in 2016', async () => {
  const { open, broker } = await startGateway();
  const socket = await open();
  socket.send(await signToken());
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  const [forMe, forAll] = [await appendOne(broker, 'user/ada', '1'), await appendOne(broker, 'everyone', '2')];
  await socket.text((text) => text.includes('everyone') && text.includes('said'), 'both');
  expect(socket.texts).toContain(`{"id":"said","data":1,"log":"user/ada","at":"${forMe}"}`);
  expect(socket.texts).toContain(`{"id":"said","data":2,"log":"everyone","at":"${forAll}"}`);
});

test('a refused token may be followed by a good one', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.send('bad');
  socket.send('worse');
  socket.send(await signToken());
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  expect(socket.texts.slice(0, 5)).toEqual([REQUEST, MALFORMED, REQUEST, MALFORMED, REQUEST]);
});

test('a bad bare token on a live connection is refused and leaves it as it was', async () => {
  const { connect, broker } = await startGateway();
  const socket = await connect('ada');
  socket.send('bad');
  await socket.text((text) => text === MALFORMED, 'AUTH FAILED');
  await appendOne(broker, 'user/ada', '{"n":1}');
  await socket.text((text) => text.includes('"said"'), 'the entry');
});

test('refusals are counted anew after a good token', async () => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  for (let i = 0; i < 3; i++) {
    socket.send('bad');
    socket.send('bad');
    authenticate(socket, await signToken());
  }
  await until(() => socket.texts.filter((text) => text.startsWith('{"id":"AUTH OK"')).length === 4, 'AUTH OK');
  expect(socket.closeCode).toBeUndefined();
});

test('a message pushed the instant AUTH OK was seen always arrives', async () => {
  const { open, broker } = await startGateway();
  for (let i = 0; i < 100; i++) {
    const socket = await open();
    socket.send(await signToken({ sub: `user ${i}` }));
    await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
    await appendOne(broker, `user/user%20${i}`, `{"n":${i}}`);
    await socket.text((text) => text.includes(`"data":{"n":${i}}`), `message ${i}`);
    socket.destroy();
  }
});

test('a message pushed the instant AUTH OK was written arrives once, whatever the turn', async () => {
  const { open, sign, broker } = startFakeHost();
  for (let turns = 0; turns < 20; turns++) {
    const { socket, connection } = open();
    connection.takeText(await sign({ sub: `user${turns}` }));
    for (let i = 0; i < turns; i++) await (i % 2 ? nextTurn() : Promise.resolve());
    const isAfterOk = socket.texts.some((text) => text.startsWith('{"id":"AUTH OK"'));
    await appendOne(broker, `user/user${turns}`, '"now"');
    await until(() => socket.texts.some((text) => text.includes('"log":"user/') && text.includes('LIVE')), 'LIVE');
    await nextTurn();
    const arrived = socket.texts.filter((text) => text.includes('"now"')).length;
    expect(arrived).toBeLessThanOrEqual(1);
    if (isAfterOk) expect(arrived).toBe(1);
  }
});

test('AUTH resumes all its logs in one round trip', async () => {
  const { open, broker } = await startGateway();
  const at = await appendOne(broker, 'channel/a', '{"n":1}');
  const own = await appendOne(broker, 'user/ada', '{"n":2}');
  const socket = await open();
  const token = await signToken({ logs: ['channel/a'] });
  authenticate(socket, token, { 'channel/a': 'start', 'user/ada': 'start' });
  await until(() => storyOf(socket, 'channel/a').length === 2 && storyOf(socket, 'user/ada').length === 2, 'both logs');
  expect(storyOf(socket, 'channel/a')).toEqual([`entry 1 ${at}`, `LIVE ${at}`]);
  expect(storyOf(socket, 'user/ada')).toEqual([`entry 2 ${own}`, `LIVE ${own}`]);
});

test('no entry comes before AUTH OK', async () => {
  const { open, broker } = await startGateway();
  await appendOne(broker, 'user/ada', '{"n":1}');
  await appendOne(broker, 'everyone', '{"n":1}');
  const socket = await open();
  authenticate(socket, await signToken(), { 'user/ada': 'start', everyone: 'start' });
  await until(() => storyOf(socket, 'everyone').length === 2, 'LIVE');
  expect(socket.texts[0]).toBe(REQUEST);
  expect(socket.texts[1]).toMatch(/^\{"id":"AUTH OK"/);
});

test('AUTH waits until revocations are known', async () => {
  const memory = createMemoryBroker();
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const broker: Broker = { ...memory, read: (...args) => gate.then(() => memory.read(...args)) };
  const started = await startGateway({ broker });
  const socket = await started.open();
  socket.send(await signToken());
  socket.send('<3');
  await socket.text(() => true, 'AUTH REQUEST');
  expect(await started.gateway.isReady()).toBe(false);
  open();
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  expect(await started.gateway.isReady()).toBe(true);
});

test('the tops of the own two logs are asked for until the broker gives them', async () => {
  const memory = createMemoryBroker();
  let failures = 4;
  const broker: Broker = {
    ...memory,
    tops: (logs) => (failures-- > 0 ? Promise.reject(new Error('away')) : memory.tops(logs)),
  };
  const { open, sign, time, events } = startFakeHost({ broker });
  const { socket, connection } = open();
  connection.takeText(await sign());
  await until(() => {
    time.advance(50);
    return socket.texts.some((text) => text.startsWith('{"id":"AUTH OK"'));
  }, 'AUTH OK');
  expect(events.filter((event) => event.type === 'fault' && event.during === 'tops')).toHaveLength(4);
  const top = await topOf(memory, 'user/ada');
  await until(() => socket.texts.includes(`{"id":"LIVE","data":{"log":"user/ada","at":"${top}"}}`), 'LIVE');
});

test('a connection that leaves while its token is verified leaves nothing behind', async () => {
  const { open, sign, gateway } = startFakeHost();
  const { connection } = open();
  connection.takeText(await sign());
  connection.ended(1006);
  for (let i = 0; i < 5; i++) await nextTurn();
  expect(gateway.connectionCount).toBe(0);
  const text = await (await gateway.handler(new Request('http://localhost/gateway/metrics'))).text();
  expect(text).toContain('message_flow_subscriptions 1\n'); // the control log alone
});

test('what is said after AUTH waits for it: SUBSCRIBE in the same packet is served', async () => {
  const { open, broker } = await startGateway();
  const at = await appendOne(broker, 'channel/a', '{"n":1}');
  const socket = await open();
  authenticate(socket, await signToken({ logs: ['channel/a'] }));
  say(socket, 'SUBSCRIBE', { logs: { 'channel/a': 'start' } });
  await until(() => storyOf(socket, 'channel/a').length === 2, 'LIVE');
  expect(storyOf(socket, 'channel/a')).toEqual([`entry 1 ${at}`, `LIVE ${at}`]);
});
