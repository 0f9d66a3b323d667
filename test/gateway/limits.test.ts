import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { createFakeTime } from './fake-time.ts';
import { layFrame } from './raw-socket.ts';
import { authenticate, signToken, startGateway } from './test-gateway.ts';

const BEAT = layFrame('<3');
const STEP = 20;

test('the 101st connection of one user is closed with 4429; another user and a freed place are not', async () => {
  const { connect, open, gateway } = await startGateway();
  const sockets = [];
  for (let i = 0; i < 100; i += STEP) {
    sockets.push(...(await Promise.all(Array.from({ length: STEP }, () => connect('ada')))));
  }
  const last = await open();
  authenticate(last, await signToken({ sub: 'ada' }));
  expect(await last.closed()).toBe(4429);
  await connect('bob');
  const [first] = sockets;
  first?.sendFrame('', { opcode: 8 });
  await first?.closed();
  await until(() => gateway.connectionCount === 100, 'its place to be free');
  await connect('ada');
  expect(sockets.slice(1).every(({ closeCode }) => closeCode === undefined)).toBe(true);
});

test('a connection refused for its user does not take a place of that user', async () => {
  const { connect, open, gateway } = await startGateway({ maxConnectionsPerUser: 1 });
  const first = await connect('ada');
  for (let i = 0; i < 3; i++) {
    const next = await open();
    authenticate(next, await signToken({ sub: 'ada' }));
    expect(await next.closed()).toBe(4429);
  }
  first.sendFrame('', { opcode: 8 });
  await first.closed();
  await until(() => gateway.connectionCount === 0, 'its place to be free');
  await connect('ada');
});

test('a renewed token does not count as a second connection of its user', async () => {
  const { connect } = await startGateway({ maxConnectionsPerUser: 1 });
  const socket = await connect('ada');
  authenticate(socket, await signToken({ sub: 'ada' }));
  await until(() => socket.texts.filter((text) => text.startsWith('{"id":"AUTH OK"')).length === 2, 'AUTH OK');
});

test('a burst of 100 frames in one packet is served', async () => {
  const time = createFakeTime();
  const { open } = await startGateway({ clock: time.clock });
  const socket = await open();
  socket.write(Buffer.concat(Array.from({ length: 100 }, () => BEAT)));
  await until(() => socket.texts.filter((text) => text === '<3').length === 100, '100 answers');
  expect(socket.closeCode).toBeUndefined();
});

test('the 101st frame of a burst closes with 4429', async () => {
  const time = createFakeTime();
  const { open } = await startGateway({ clock: time.clock });
  const socket = await open();
  socket.write(Buffer.concat(Array.from({ length: 101 }, () => BEAT)));
  expect(await socket.closed()).toBe(4429);
});

test('50 frames a second are served without end', async () => {
  const { time, open } = startFakeHost({ authTimeoutMs: 1_000_000 });
  const { socket, connection } = open();
  for (let i = 0; i < 400; i++) {
    connection.takeText('<3');
    await nextTurn();
    time.advance(20);
  }
  await until(() => socket.texts.filter((text) => text === '<3').length >= 400, '400 answers');
  expect(socket.closeCode).toBeUndefined();
});

test('51 frames a second end with 4429 once the burst is used up', async () => {
  const { time, open } = startFakeHost({ authTimeoutMs: 1_000_000 });
  const { socket, connection } = open();
  let second = 0;
  for (; socket.closeCode === undefined && second < 200; second++) {
    for (let i = 0; i < 51; i++) connection.takeText('<3');
    await nextTurn();
    time.advance(1_000);
  }
  expect(socket.closeCode).toBe(4429);
  expect(second).toBeGreaterThan(40);
});

test('64 frames may wait for a token to be verified; the 65th closes with 4429', async () => {
  const { open, sign } = startFakeHost();
  const token = await sign();
  for (const [count, code] of [
    [64, undefined],
    [65, 4429],
  ] as const) {
    const { socket, connection } = open();
    connection.takeText(JSON.stringify({ id: 'AUTH', data: { token } }));
    for (let i = 0; i < count; i++) connection.takeText('{"id":"NEWS"}');
    expect(socket.closeCode).toBe(code);
  }
});

test('an empty frame, a very deep one and one with a million brackets throw nothing', async () => {
  const { open } = startFakeHost();
  for (const text of [
    '',
    `{"id":${'['.repeat(60_000)}`,
    `{"id":"AUTH","data":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
  ]) {
    const { connection } = open();
    expect(() => connection.takeText(text)).not.toThrow();
  }
});

test('what a client never reads of the answers to its frames stays under a megabyte', async () => {
  const { connect, time } = startFakeHost();
  const { socket, connection } = await connect('ada');
  socket.isFull = true;
  const logs = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`x${i}`, '']));
  const frame = JSON.stringify({ id: 'SUBSCRIBE', data: { logs } });
  expect(frame.length).toBeLessThan(65_536);
  const begin = socket.texts.length;
  for (let i = 0; i < 40; i++) {
    connection.takeText(frame);
    await nextTurn();
    time.advance(20);
  }
  socket.isFull = false;
  connection.drained();
  const held = socket.texts.slice(begin);
  expect(held.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(1_048_576);
  expect(socket.closeCode).toBe(4429);
});
