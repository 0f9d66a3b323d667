import { createServer } from 'node:http';
import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { type GatewayHealth, serveGateway } from 'message-flow/gateway';
import { expect, onTestFinished, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { SECRET, startGateway } from './test-gateway.ts';

const OK = { broker: { ok: true }, ring: { ok: true }, socket: { ok: true } };

test('a gateway that works says so, by an entry through broker, ring and a real socket', async () => {
  const { get, broker } = await startGateway({ name: 'here' });
  const response = await get('health');
  expect([response.status, await response.json()]).toEqual([200, OK]);
  const { entries } = await broker.read('canary/here' as never, 'start', 10);
  expect(entries).toHaveLength(1);
});

test('one socket serves all checks, and it counts as a connection', async () => {
  const { get, gateway, transports } = await startGateway();
  for (let i = 0; i < 5; i++) expect((await get('health')).status).toBe(200);
  expect([gateway.connectionCount, transports.length]).toEqual([1, 1]);
});

test('checks that are asked for at once are one', async () => {
  const { get, broker } = await startGateway({ name: 'here' });
  const responses = await Promise.all(Array.from({ length: 50 }, () => get('health')));
  expect(responses.every(({ status }) => status === 200)).toBe(true);
  expect((await broker.read('canary/here' as never, 'start', 100)).entries).toHaveLength(1);
});

test('a canary socket that was lost is opened anew by the next check', async () => {
  const { get, gateway, transports } = await startGateway();
  await get('health');
  transports[0]?.end(); // not destroyed: the gateway's side is closed only after the canary's own has answered, so has noticed
  await until(() => gateway.connectionCount === 0, 'both sides to notice');
  for (let i = 0; i < 10; i++) await nextTurn(); // the canary's own side is in this process too
  expect((await get('health')).status).toBe(200);
  expect(transports).toHaveLength(2);
});

test('the way through every origin list and path is found', async () => {
  const { get } = await startGateway({ origins: ['https://app.test'], path: '/live' });
  expect((await get('health')).status).toBe(200);
});

test('a broker that is away makes health and ready answer 503, each part with its reason', async () => {
  const memory = createMemoryBroker();
  let isAway = false;
  const call =
    <A extends unknown[], R>(inner: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isAway ? Promise.reject(new Error('no route')) : inner(...args);
  const broker: Broker = {
    ...memory,
    append: call(memory.append),
    tops: call(memory.tops),
    read: call(memory.read),
    health: async () => (isAway ? { ok: false, since: 0, reason: 'no route' } : { ok: true, since: 0 }),
  };
  const { get } = await startGateway({ broker });
  expect([(await get('health')).status, (await get('ready')).status]).toEqual([200, 200]);
  isAway = true;
  const response = await get('health');
  expect(response.status).toBe(503);
  const parts = (await response.json()) as GatewayHealth;
  expect(parts.broker).toEqual({ ok: false, reason: 'no route' });
  expect([parts.ring.ok, parts.socket.ok]).toEqual([false, false]);
  expect(parts.ring.reason).toContain('no route');
  expect((await get('ready')).status).toBe(503);
  isAway = false;
  expect([(await get('health')).status, (await get('ready')).status]).toEqual([200, 200]);
});

test('a broker that hangs makes health answer 503 in bounded time', async () => {
  const time = createFakeTime();
  const memory = createMemoryBroker();
  const broker: Broker = {
    ...memory,
    health: () => new Promise(() => {}),
    append: () => new Promise(() => {}),
  };
  const { get } = await startGateway({ broker, clock: time.clock });
  let response: Response | undefined;
  void get('health').then((answer) => {
    response = answer;
  });
  await until(() => {
    time.advance(100);
    return response;
  }, 'an answer');
  expect(response?.status).toBe(503);
  expect(time.clock.now()).toBeGreaterThanOrEqual(2_000);
});

test('a broker whose live end is dead is found out, though it says that it is well', async () => {
  const time = createFakeTime();
  const memory = createMemoryBroker();
  const broker: Broker = { ...memory, tail: async () => () => {} };
  const { get } = await startGateway({ broker, clock: time.clock });
  let response: Response | undefined;
  void get('health').then((answer) => {
    response = answer;
  });
  await until(() => {
    time.advance(100);
    return response;
  }, 'an answer');
  const parts = (await response?.json()) as GatewayHealth;
  expect(response?.status).toBe(503);
  expect([parts.broker.ok, parts.ring.ok, parts.socket.ok]).toEqual([true, false, false]);
});

test('a server that does not listen fails the socket and nothing else', async () => {
  const broker = createMemoryBroker();
  const gateway = serveGateway(createServer(), { broker, secret: SECRET, healthTimeoutMs: 30_000 });
  onTestFinished(() => gateway.close());
  const response = await gateway.handler(new Request('http://localhost/gateway/health'));
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    broker: { ok: true },
    ring: { ok: true },
    socket: { ok: false, reason: 'socket: the server is not listening' },
  });
});

test('a gateway that is only full is healthy, and its check is no one else’s place', async () => {
  const { get, open, connect } = await startGateway({ maxConnections: 2 });
  await connect('ada');
  expect((await get('health')).status).toBe(200);
  await connect('bob');
  expect(await (await open()).closed()).toBe(1013);
  expect((await get('health')).status).toBe(200);
});

test('a full gateway lets its check in', async () => {
  const { get, connect } = await startGateway({ maxConnections: 1 });
  await connect('ada');
  const response = await get('health');
  expect([response.status, await response.json()]).toEqual([200, OK]);
});

test.each([[''], ['canary'], ['00000000-0000-0000-0000-000000000000']])(
  'who says to be the check of a full gateway, and is not, is not let in: %j',
  async (pass) => {
    const { open, connect } = await startGateway({ maxConnections: 1 });
    await connect('ada');
    const socket = await open({ headers: { 'message-flow-canary': pass } });
    expect(await socket.closed()).toBe(1013);
  },
);

test('ready is 503 until the control log was read, then 200, and 503 once it drains', async () => {
  const memory = createMemoryBroker();
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const broker: Broker = { ...memory, read: (...args) => gate.then(() => memory.read(...args)) };
  const { get, gateway } = await startGateway({ broker });
  expect((await get('ready')).status).toBe(503);
  open();
  for (let i = 0; i < 10; i++) await nextTurn();
  expect((await get('ready')).status).toBe(200);
  void gateway.drain();
  const response = await get('ready');
  expect([response.status, await response.json()]).toEqual([503, { ready: false }]);
});
