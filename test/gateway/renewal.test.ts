import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import type { FakeSocket } from './fake-host.ts';
import { startFakeHost } from './fake-host.ts';
import { appendOne } from './test-gateway.ts';

const MINUTE_MS = 60_000;

function countOf(socket: FakeSocket, id: string): number {
  return socket.texts.filter((text) => text.startsWith(`{"id":"${id}"`)).length;
}

/** A connection whose client answers every ping. */
async function connectFor(seconds: number) {
  const host = startFakeHost({ pingIntervalMs: Number.POSITIVE_INFINITY });
  const opened = await host.connect('ada', {}, { exp: host.time.wallClock() / 1_000 + seconds });
  return { ...host, ...opened };
}

test('TOKEN EXPIRING comes once, 60 s before the end, and says how long is left', async () => {
  const { time, socket } = await connectFor(600);
  time.advance(9 * MINUTE_MS - 1_000);
  expect(countOf(socket, 'TOKEN EXPIRING')).toBe(0);
  time.advance(1_000);
  expect(socket.texts).toContain('{"id":"TOKEN EXPIRING","data":{"inMs":60000}}');
  time.advance(59_000);
  expect(countOf(socket, 'TOKEN EXPIRING')).toBe(1);
});

test('a token that lives for less than two minutes is said to expire at half its life', async () => {
  const { time, socket } = await connectFor(20);
  time.advance(9_000);
  expect(countOf(socket, 'TOKEN EXPIRING')).toBe(0);
  time.advance(1_000);
  expect(socket.texts).toContain('{"id":"TOKEN EXPIRING","data":{"inMs":10000}}');
});

test('entries flow until 30 s after the end, then 4408', async () => {
  const { time, socket, broker } = await connectFor(600);
  time.advance(10 * MINUTE_MS + 29_000);
  expect(socket.closeCode).toBeUndefined();
  await appendOne(broker, 'user/ada', '"late"');
  await until(() => socket.texts.some((text) => text.includes('"late"')), 'the late entry');
  time.advance(1_000);
  expect(socket.closeCode).toBe(4408);
});

test('nothing is written after the close', async () => {
  const { time, socket, broker } = await connectFor(600);
  time.advance(11 * MINUTE_MS);
  const count = socket.texts.length;
  await appendOne(broker, 'user/ada', '"late"');
  await time.elapse(60_000);
  expect(socket.texts).toHaveLength(count);
});

test('a fresh token keeps the connection, and its end counts', async () => {
  const { time, socket, connection, sign } = await connectFor(600);
  time.advance(10 * MINUTE_MS);
  connection.takeText(JSON.stringify({ id: 'AUTH', data: { token: await sign() } }));
  await until(() => countOf(socket, 'AUTH OK') === 2, 'AUTH OK');
  time.advance(9 * MINUTE_MS - 1_000);
  expect(countOf(socket, 'TOKEN EXPIRING')).toBe(1);
  time.advance(1_000);
  expect(countOf(socket, 'TOKEN EXPIRING')).toBe(2);
  time.advance(MINUTE_MS + 30_000);
  expect(socket.closeCode).toBe(4408);
});

test('a fresh bare token keeps the connection too', async () => {
  const { time, socket, connection, sign } = await connectFor(600);
  time.advance(10 * MINUTE_MS);
  connection.takeText(await sign());
  await until(() => countOf(socket, 'AUTH OK') === 2, 'AUTH OK');
  time.advance(5 * MINUTE_MS);
  expect(socket.closeCode).toBeUndefined();
});

test('renewal leaves followed logs alone, adds new ones, and ends what is no longer listed', async () => {
  const { connect, sign, broker } = startFakeHost();
  const logs = { 'channel/kept': 'start', 'channel/gone': 'start', 'store/gone': 'start', 'run/ada/t/1': 'start' };
  const { socket, connection } = await connect('ada', logs, {
    logs: ['channel/kept', 'channel/gone', 'store/gone'],
  });
  await appendOne(broker, 'channel/kept', '1');
  await until(() => socket.texts.some((text) => text.includes('"data":1')), 'the first entry');
  const token = await sign({ logs: ['channel/kept', 'channel/new'] });
  const map = { 'channel/kept': 'start', 'channel/new': 'start' };
  const begin = socket.texts.length;
  connection.takeText(JSON.stringify({ id: 'AUTH', data: { token, logs: map } }));
  await until(() => countOf(socket, 'LIVE') === 7, 'LIVE of the new one');
  for (const log of ['channel/kept', 'channel/gone', 'store/gone', 'channel/new', 'run/ada/t/1', 'user/ada']) {
    await appendOne(broker, log, `"to ${log}"`);
  }
  await until(() => socket.texts.some((text) => text.includes('to user/ada')), 'the last');
  const later = socket.texts.slice(begin).map((text) => JSON.parse(text));
  expect(later.map(({ id, data, log }) => [id, log ?? data.log, log ? data : data.reason])).toEqual([
    ['AUTH OK', undefined, undefined],
    ['UNSUBSCRIBED', 'channel/gone', 'revoked'],
    ['UNSUBSCRIBED', 'store/gone', 'revoked'],
    ['LIVE', 'channel/new', undefined],
    ['said', 'channel/kept', 'to channel/kept'],
    ['said', 'channel/new', 'to channel/new'],
    ['said', 'run/ada/t/1', 'to run/ada/t/1'],
    ['said', 'user/ada', 'to user/ada'],
  ]);
});

test('a refused renewal leaves the connection with the token it has', async () => {
  const { time, socket, connection } = await connectFor(600);
  connection.takeText(JSON.stringify({ id: 'AUTH', data: { token: 'bad' } }));
  await until(() => countOf(socket, 'AUTH FAILED') === 1, 'AUTH FAILED');
  time.advance(10 * MINUTE_MS);
  expect(socket.closeCode).toBeUndefined();
  time.advance(MINUTE_MS);
  expect(socket.closeCode).toBe(4408);
});

test('two renewals at once end in the last one', async () => {
  const { time, socket, connection, sign } = await connectFor(600);
  for (const seconds of [3_600, 1_200]) {
    const token = await sign({ exp: time.wallClock() / 1_000 + seconds });
    connection.takeText(JSON.stringify({ id: 'AUTH', data: { token } }));
  }
  await until(() => countOf(socket, 'AUTH OK') === 3, 'AUTH OK');
  time.advance(20 * MINUTE_MS + 30_000);
  expect(socket.closeCode).toBe(4408);
});
