import { createMemoryBroker } from 'message-flow/broker';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { append, appendOne, startGateway, storyOf } from './test-gateway.ts';

const DRAIN = '{"id":"DRAIN","data":{"withinMs":20000}}';

test('DRAIN is told to all, authenticated or not', async () => {
  const { open, connect, gateway } = startFakeHost();
  const [stranger, known] = [open(), await connect('ada')];
  void gateway.drain();
  expect(stranger.socket.texts).toContain(DRAIN);
  expect(known.socket.texts).toContain(DRAIN);
});

test('a draining gateway is not ready and takes no more connections', async () => {
  const { open, connect, gateway } = await startGateway();
  await connect('ada');
  expect(await gateway.isReady()).toBe(true);
  void gateway.drain();
  expect(await gateway.isReady()).toBe(false);
  expect((await open()).status).toBe(503);
});

test('a draining gateway serves until its clients leave', async () => {
  const { connect, broker, gateway } = await startGateway();
  const socket = await connect('ada');
  void gateway.drain();
  await socket.text((text) => text === DRAIN, 'DRAIN');
  await appendOne(broker, 'user/ada', '"still here"');
  await socket.text((text) => text.includes('still here'), 'the entry');
  socket.send('<3');
  await socket.text((text) => text === '<3', 'the heartbeat');
});

test('a drain is over as soon as the last client left', async () => {
  const { connect, gateway, time } = startFakeHost();
  const sockets = [await connect('ada'), await connect('bob')];
  let isOver = false;
  const drained = gateway.drain().then(() => {
    isOver = true;
  });
  sockets[0]?.connection.ended(1000);
  await nextTurn();
  expect(isOver).toBe(false);
  sockets[1]?.connection.ended(1000);
  await drained;
  expect(time.clock.now()).toBe(0);
});

test('a drain without connections is over at once', async () => {
  const { gateway } = startFakeHost();
  await gateway.drain();
});

test('a second drain changes nothing', async () => {
  const { connect, gateway } = startFakeHost();
  const { socket } = await connect('ada');
  void gateway.drain();
  void gateway.drain();
  expect(socket.texts.filter((text) => text === DRAIN)).toHaveLength(1);
});

test('who stays to the end of the window is closed with 1001', async () => {
  const { connect, gateway, time } = startFakeHost({ drainWindowMs: 5_000 });
  const { socket } = await connect('ada');
  const drained = gateway.drain();
  time.advance(5_000);
  await drained;
  expect(socket.texts).toContain('{"id":"DRAIN","data":{"withinMs":5000}}');
  expect(socket.closeCode).toBe(1001);
  expect(gateway.connectionCount).toBe(0);
});

test('a closed gateway keeps no timer', async () => {
  const { connect, gateway, time } = startFakeHost({ broker: createMemoryBroker() });
  await connect('ada', { 'channel/a': 'start' }, { logs: ['channel/a'] });
  await until(() => time.timerCount > 0, 'timers');
  await gateway.close();
  expect(time.timerCount).toBe(0);
});

test('a closed gateway lets its server close', async () => {
  const { get, connect, gateway, server } = await startGateway();
  await get('health'); // opens the canary's socket
  await connect('ada');
  await gateway.close();
  await new Promise((resolve) => server.close(resolve));
});

test('a gateway closed while it drains ends the drain', async () => {
  const { connect, gateway } = startFakeHost();
  await connect('ada');
  const drained = gateway.drain();
  await gateway.close();
  await drained;
});

test('a client goes on at another gateway from its position, with nothing lost and nothing twice', async () => {
  const broker = createMemoryBroker();
  const [one, two] = [await startGateway({ broker }), await startGateway({ broker })];
  const before = await one.connect('ada', { 'user/ada': 'start' });
  const at = await append(broker, 'user/ada', 3);
  await until(() => storyOf(before, 'user/ada').length === 4, 'the first three');
  void one.gateway.drain();
  await before.text((text) => text === DRAIN, 'DRAIN');
  at.push(...(await append(broker, 'user/ada', 3, 4)));
  const after = await two.connect('ada', { 'user/ada': at[2] as string });
  at.push(...(await append(broker, 'user/ada', 3, 7)));
  await until(() => storyOf(after, 'user/ada').length === 7, 'the rest');
  expect(storyOf(after, 'user/ada').filter((told) => !told.startsWith('LIVE'))).toEqual(
    at.slice(3).map((position, i) => `entry ${i + 4} ${position}`),
  );
});
