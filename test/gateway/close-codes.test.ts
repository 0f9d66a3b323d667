import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { onNode } from './on-node.ts';
import { layFrame } from './raw-socket.ts';
import { appendOne, authenticate, SECRET, say, signToken, startGateway } from './test-gateway.ts';

const TEXT = 1;
const BINARY = 2;
const CONTINUATION = 0;
const CLOSE = 8;

test('1001 ends who is left when the drain window is over', async () => {
  const time = createFakeTime();
  const { gateway, connect } = await startGateway({ clock: time.clock });
  const socket = await connect('ada');
  const drained = gateway.drain();
  await socket.text((text) => text === '{"id":"DRAIN","data":{"withinMs":20000}}', 'DRAIN');
  time.advance(19_999);
  expect(socket.closeCode).toBeUndefined();
  time.advance(1);
  expect(await socket.closed()).toBe(1001);
  await drained;
});

test('1001 ends all when the gateway closes', async () => {
  const { gateway, open } = await startGateway();
  const socket = await open();
  await gateway.close();
  expect(await socket.closed()).toBe(1001);
});

test('1009 answers a frame of 65,537 bytes, and the transport ends', async () => {
  const { open, events } = await startGateway();
  const socket = await open();
  socket.send('x'.repeat(65_537));
  expect(await socket.closed()).toBe(1009);
  await socket.ended();
  expect(events).toContainEqual(expect.objectContaining({ type: 'connection-closed', code: 1009 }));
});

test('1009 answers the announced length alone', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.write(layFrame('x'.repeat(65_537)).subarray(0, 14));
  expect(await socket.closed()).toBe(1009);
});

test('1009 answers fragments that together are too large', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.sendFrame('x'.repeat(40_000), { isFinal: false });
  socket.sendFrame('x'.repeat(40_000), { opcode: CONTINUATION });
  expect(await socket.closed()).toBe(1009);
});

test('a frame of 65,536 bytes is taken', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.send(`{"id":"NEWS","data":"${'x'.repeat(65_536 - 23)}"}`);
  socket.send('<3');
  await socket.text((text) => text === '<3', 'the heartbeat');
});

test('4400 answers a binary frame', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.sendFrame('<3', { opcode: BINARY });
  expect(await socket.closed()).toBe(4400);
});

test('4400 answers a binary frame even with a good token in it', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.sendFrame(await signToken(), { opcode: BINARY });
  expect(await socket.closed()).toBe(4400);
});

test.each([
  ['an overlong slash', [0xc0, 0xaf]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['a character cut short', [0xe2, 0x82]],
  ['a byte that never occurs', [0x3c, 0xff]],
])('4400 answers bad UTF-8: %s', async (_, bytes) => {
  const { open } = await startGateway();
  const socket = await open();
  socket.sendFrame(Buffer.from(bytes));
  expect(await socket.closed()).toBe(4400);
});

test.each([['{'], ['{"id":}'], ['{"id":"AUTH"} x'], ['{]'], ['{\u0000}']])('4400 answers %s', async (text) => {
  const { open } = await startGateway();
  const socket = await open();
  socket.send(text);
  expect(await socket.closed()).toBe(4400);
});

test('a character that two fragments share is good UTF-8', async () => {
  const { open } = await startGateway();
  const socket = await open();
  const text = Buffer.from('{"id":"\u20ac"}');
  socket.sendFrame(text.subarray(0, 8), { isFinal: false, opcode: TEXT });
  socket.sendFrame(text.subarray(8), { opcode: CONTINUATION });
  socket.send('<3');
  await socket.text((said) => said === '<3', 'the heartbeat');
});

test('1013 ends a connection above maxConnections at once, before any token is asked for', async () => {
  const { open, connect } = await startGateway({ maxConnections: 1 });
  const first = await connect('ada');
  const second = await open();
  expect(await second.closed()).toBe(1013);
  expect(second.texts).toEqual([]);
  expect(first.closeCode).toBeUndefined();
});

test('a connection above maxConnections that sends nonsense costs the gateway nothing', async () => {
  const { open, connect } = await startGateway({ maxConnections: 1 });
  const first = await connect('ada');
  const second = await open({ head: Buffer.from([0xff, 0xff, 0xff, 0xff]) });
  second.isPolite = false;
  second.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  await second.ended();
  first.send('<3');
  await first.text((text) => text === '<3', 'the heartbeat');
});

test('4401 follows the third refused token', async () => {
  const { open } = await startGateway();
  const socket = await open();
  for (const token of ['one', 'two', 'three']) socket.send(token);
  expect(await socket.closed()).toBe(4401);
  const failed = '{"id":"AUTH FAILED","data":{"reason":"malformed"}}';
  const request = '{"id": "AUTH REQUEST"}';
  expect(socket.texts).toEqual([request, failed, request, failed, request, failed]);
});

test('4401 ends a connection without a token after 10 s', async () => {
  const time = createFakeTime();
  const { open } = await startGateway({ clock: time.clock });
  const socket = await open();
  await socket.text(() => true, 'AUTH REQUEST');
  time.advance(9_000);
  expect(socket.closeCode).toBeUndefined();
  time.advance(1_000);
  expect(await socket.closed()).toBe(4401);
});

test('4401 answers the token of another user on a live connection', async () => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  authenticate(socket, await signToken({ sub: 'bob' }));
  expect(await socket.closed()).toBe(4401);
  expect(socket.texts.filter((text) => text.startsWith('{"id":"AUTH OK"'))).toHaveLength(1);
});

test('4401 answers the bare token of another user on a live connection', async () => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  socket.send(await signToken({ sub: 'bob' }));
  expect(await socket.closed()).toBe(4401);
});

test('4408 ends a connection 30 s after its token, with a notice before and entries until then', async () => {
  const time = createFakeTime();
  const { clock, wallClock } = time;
  const { open, broker } = await startGateway({ clock, wallClock, silenceTimeoutMs: 1_000_000 });
  const socket = await open();
  const issuedS = wallClock() / 1_000;
  authenticate(socket, await signToken({ iat: issuedS, exp: issuedS + 20 }, SECRET, wallClock()));
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  time.advance(10_000);
  await socket.text((text) => text === '{"id":"TOKEN EXPIRING","data":{"inMs":10000}}', 'the notice');
  time.advance(39_000);
  await appendOne(broker, 'user/ada', '{"n":1}');
  await socket.text((text) => text.includes('{"n":1}'), 'the entry');
  expect(socket.closeCode).toBeUndefined();
  time.advance(1_000);
  expect(await socket.closed()).toBe(4408);
  const payload = Buffer.concat([Buffer.from([0x11, 0x38]), Buffer.from('token expired')]);
  expect(socket.frames.at(-1)).toEqual({ isFinal: true, opcode: CLOSE, payload });
});

onNode('4413 ends a connection of which nothing drained for 30 s, and not one second before', async () => {
  const time = createFakeTime();
  const { connect, broker, transports } = await startGateway({ clock: time.clock, silenceTimeoutMs: 1_000_000 });
  const socket = await connect('ada');
  const [transport] = transports;
  socket.pause();
  for (let i = 0; i < 60; i++) await appendOne(broker, 'user/ada', `"${i}${'x'.repeat(250_000)}"`);
  let [written, quiet] = [0, 0];
  await until(() => {
    quiet = transport?.bytesWritten === written && transport.writableNeedDrain ? quiet + 1 : 0;
    written = transport?.bytesWritten ?? 0;
    return quiet > 20;
  }, 'the kernel to be full');
  time.advance(29_000);
  expect(transport?.destroyed).toBe(false);
  await until(() => transport?.writableNeedDrain, 'nothing to have drained');
  time.advance(2_000);
  socket.resume();
  expect(await socket.closed()).toBe(4413);
});

test('what follows a close is not read', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.isPolite = false;
  const token = await signToken();
  socket.write(Buffer.concat([layFrame('{'), layFrame(token)]));
  expect(await socket.closed()).toBe(4400);
  socket.isPolite = true;
  say(socket, 'SUBSCRIBE', { logs: {} });
  socket.sendFrame('', { opcode: 8 });
  await socket.ended();
  expect(socket.texts).toEqual(['{"id": "AUTH REQUEST"}']);
});
