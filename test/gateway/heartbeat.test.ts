import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { createFakeTime } from './fake-time.ts';
import { onNode } from './on-node.ts';
import { startGateway } from './test-gateway.ts';

test('"<3" goes out every 25 s, with and without a token', async () => {
  const { open, connect, time } = startFakeHost({ authTimeoutMs: 1_000_000, silenceTimeoutMs: 1_000_000 });
  const { socket } = open();
  const known = await connect('ada');
  time.advance(24_000);
  expect(socket.texts).not.toContain('<3');
  time.advance(1_000);
  time.advance(25_000);
  expect(socket.texts.filter((text) => text === '<3')).toHaveLength(2);
  expect(known.socket.texts.filter((text) => text === '<3')).toHaveLength(2);
});

test('a WebSocket ping goes out every 25 s', async () => {
  const { open, time } = startFakeHost({ authTimeoutMs: 1_000_000, silenceTimeoutMs: 1_000_000 });
  const { socket } = open();
  time.advance(24_000);
  expect(socket.pings).toBe(0);
  time.advance(1_000);
  expect(socket.pings).toBe(1);
  time.advance(25_000);
  expect(socket.pings).toBe(2);
});

test('a connection that is silent for 35 s is ended without a close frame', async () => {
  const { connect, time, events, gateway } = startFakeHost();
  const { socket } = await connect('ada');
  time.advance(34_000);
  expect(socket.isTerminated).toBe(false);
  time.advance(1_000);
  expect(socket.isTerminated).toBe(true);
  expect(socket.closeCode).toBeUndefined();
  expect(events).toContainEqual({
    type: 'connection-closed',
    connection: 1,
    user: 'ada',
    code: 1006,
    reason: 'silent',
  });
  expect(gateway.connectionCount).toBe(0);
});

test.each([
  ['a pong', (connection: { markSeen(): void }) => connection.markSeen()],
  ['a frame', (connection: { takeText(text: string): void }) => connection.takeText('<3')],
  ['a drained write', (connection: { drained(): void }) => connection.drained()],
] as const)('%s is a sign of life', async (_, act) => {
  const { connect, time } = startFakeHost();
  const { socket, connection } = await connect('ada');
  for (let i = 0; i < 5; i++) {
    time.advance(30_000);
    act(connection);
  }
  expect(socket.isTerminated).toBe(false);
  time.advance(35_000);
  expect(socket.isTerminated).toBe(true);
});

test('a stall of this process is not held against its connections', async () => {
  const { connect, time } = startFakeHost();
  const { socket } = await connect('ada');
  time.stall(120_000);
  time.advance(1_000);
  expect(socket.isTerminated).toBe(false);
  time.advance(30_000);
  expect(socket.isTerminated).toBe(false);
  time.advance(5_000);
  expect(socket.isTerminated).toBe(true);
});

test('a stall of this process gives a connection the rest of its 10 s for a token', async () => {
  const { open, time } = startFakeHost();
  const { socket } = open();
  time.advance(5_000);
  time.stall(60_000);
  time.advance(3_000);
  expect(socket.closeCode).toBeUndefined();
  time.advance(2_000);
  expect(socket.closeCode).toBe(4401);
});

test('a stall of this process gives a full socket the rest of its 30 s to drain', async () => {
  const { connect, time } = startFakeHost({ pingIntervalMs: Number.POSITIVE_INFINITY });
  const { socket, connection } = await connect('ada');
  socket.isFull = true;
  connection.takeText('<3');
  time.advance(10_000);
  time.stall(60_000);
  time.advance(15_000);
  expect(socket.closeCode).toBeUndefined();
  time.advance(6_000);
  expect(socket.closeCode).toBe(4413);
});

test('without pings silence is not checked', async () => {
  const { connect, time } = startFakeHost({ pingIntervalMs: Number.POSITIVE_INFINITY });
  const { socket } = await connect('ada', {}, { exp: time.wallClock() / 1_000 + 80_000 });
  time.advance(20 * 3_600_000);
  expect(socket.isTerminated).toBe(false);
  expect(socket.pings).toBe(0);
});

onNode('on the wire, a client that answers pings stays', async () => {
  const time = createFakeTime();
  const { connect, transports } = await startGateway({ clock: time.clock });
  const socket = await connect('ada');
  for (let i = 0; i < 3; i++) {
    const read = transports[0]?.bytesRead ?? 0;
    time.advance(25_000);
    await until(() => socket.frames.filter(({ opcode }) => opcode === 9).length === i + 1, 'the ping');
    await until(() => (transports[0]?.bytesRead ?? 0) > read, 'the pong to arrive');
  }
  expect(socket.isEnded).toBe(false);
});

test('on the wire, a client that does not answer pings is cut', async () => {
  const time = createFakeTime();
  const { connect } = await startGateway({ clock: time.clock });
  const socket = await connect('ada');
  socket.isPolite = false;
  time.advance(35_000);
  await socket.ended();
  expect(socket.closeCode).toBeUndefined();
});

onNode('on the wire, any byte is a sign of life', async () => {
  const time = createFakeTime();
  const { connect, transports } = await startGateway({ clock: time.clock });
  const socket = await connect('ada');
  socket.isPolite = false;
  time.advance(30_000);
  const read = transports[0]?.bytesRead ?? 0;
  socket.write(Buffer.from([0x81])); // the first byte of a text frame
  await until(() => (transports[0]?.bytesRead ?? 0) > read, 'the byte to arrive');
  time.advance(30_000);
  socket.isPolite = true;
  socket.write(Buffer.from([0x80, 0, 0, 0, 0])); // its rest: no payload, so an empty token
  await socket.text((text) => text.includes('AUTH FAILED'), 'AUTH FAILED');
});

test("a client's ping is answered with its own bytes", async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.sendFrame('are you there', { opcode: 9 });
  const pong = await until(() => socket.frames.find(({ opcode }) => opcode === 10), 'the pong');
  expect(pong.payload.toString()).toBe('are you there');
});

test("a client's close is answered with its code", async () => {
  const { open, gateway } = await startGateway();
  const socket = await open();
  socket.isPolite = false;
  socket.sendFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 });
  expect(await socket.closed()).toBe(1000);
  await socket.ended();
  socket.destroy();
  await until(() => gateway.connectionCount === 0, 'the connection to be gone');
});
