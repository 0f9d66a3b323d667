import fc from 'fast-check';
import { DIALECTS, type Dialect, type DialectName, getDialect } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { signOldToken } from '../support/old-token.ts';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { createFakeTime } from './fake-time.ts';
import type { RawSocket } from './raw-socket.ts';
import { appendOne, authenticate, SECRET, say, signToken, startGateway, type TestGateway } from './test-gateway.ts';

const ALL: readonly DialectName[] = DIALECTS.map(({ name }) => name);
const OPENING = '{"id": "AUTH REQUEST", "action": "AUTH REQUEST", "actionType": "AUTH REQUEST"}';

function oldToken({ claim }: Dialect, user = 'ada'): string {
  return signOldToken({ [claim]: user }, SECRET);
}

async function openOld({ open }: TestGateway, dialect: Dialect, user = 'ada'): Promise<RawSocket> {
  const socket = await open();
  socket.send(oldToken(dialect, user));
  await socket.text((text) => text === `{"${dialect.idKey}": "AUTH OK"}`, 'AUTH OK');
  return socket;
}

describe('a conversation, byte for byte', () => {
  test('of 2016: refused, taken, a message, a heartbeat', async () => {
    const time = createFakeTime();
    const { open, broker } = await startGateway({ dialects: ['2016'], unexpiringTokens: true, clock: time.clock });
    const socket = await open();
    socket.send('no_auth_token_user bad_token');
    await socket.text((text) => text === '{"id": "AUTH FAILED"}', 'AUTH FAILED');
    socket.send(signOldToken({ username: 'ada' }, SECRET));
    await socket.text((text) => text === '{"id": "AUTH OK"}', 'AUTH OK');
    await broker.append('user/ada' as never, { key: 'k', event: 'TASK DONE', data: '"in 2.31 s"' as never });
    await socket.text((text) => text.includes('TASK DONE'), 'the message');
    time.advance(25_000);
    await socket.text((text) => text === '<3', 'a heartbeat');
    expect(socket.texts.slice(0, 6)).toEqual([
      '{"id": "AUTH REQUEST"}',
      '{"id": "AUTH FAILED"}',
      '{"id": "AUTH REQUEST"}',
      '{"id": "AUTH OK"}',
      '{"username": "ada", "id": "TASK DONE", "data": "in 2.31 s"}',
      '<3',
    ]);
    expect(socket.frames.every(({ opcode, isFinal }) => opcode === 9 || (opcode === 1 && isFinal))).toBe(true);
  });

  test("of today's: the same with its own keys, and what is sent to everyone", async () => {
    const { open, broker } = await startGateway({ dialects: ['2020'] });
    const socket = await open();
    socket.send('bad');
    await socket.text((text) => text.includes('AUTH FAILED'), 'AUTH FAILED');
    socket.send(signOldToken({ user_id: '12', exp: Math.floor(Date.now() / 1_000) + 900 }, SECRET));
    await socket.text((text) => text.includes('AUTH OK'), 'AUTH OK');
    await appendOne(broker, 'user/12', '{"n": 12345678901234567890.10}');
    await socket.text((text) => text.includes('"12"'), 'the message');
    await appendOne(broker, 'everyone', 'null');
    await socket.text((text) => text.includes('"*"'), 'the news');
    expect(socket.texts).toEqual([
      '{"id": "AUTH REQUEST", "actionType": "AUTH REQUEST"}',
      '{"id": "AUTH FAILED", "actionType": "AUTH FAILED"}',
      '{"id": "AUTH REQUEST", "actionType": "AUTH REQUEST"}',
      '{"actionType": "AUTH OK"}',
      '{"user_id": "12", "actionType": "said", "payload": {"n": 12345678901234567890.10}}',
      '{"user_id": "*", "actionType": "said", "payload": null}',
    ]);
  });
});

test('before a token came, every dialect that is listed finds its key, and so do we', async () => {
  const { open } = await startGateway({ dialects: ALL });
  const socket = await open();
  expect(await socket.text(() => true, 'AUTH REQUEST')).toBe(OPENING);
});

test('without a dialect all is as it was: a bare token gets frames of this version', async () => {
  const { open } = await startGateway();
  const socket = await open();
  socket.send(await signToken());
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
  await socket.text((text) => text.includes('LIVE'), 'LIVE');
  expect(socket.texts[0]).toBe('{"id": "AUTH REQUEST"}');
});

test.each(DIALECTS)('a page of $name is served beside ours, from the same logs', async (dialect) => {
  const gateway = await startGateway({ dialects: [dialect.name], unexpiringTokens: true });
  const [old, ours] = [await openOld(gateway, dialect), await gateway.connect('ada')];
  const at = await appendOne(gateway.broker, 'user/ada', '1');
  expect(await ours.text((text) => text.includes('said'), 'ours')).toBe(
    `{"id":"said","data":1,"log":"user/ada","at":"${at}"}`,
  );
  expect(await old.text((text) => text.includes('said'), 'the old')).toBe(
    `{"${dialect.userKey}": "ada", "${dialect.idKey}": "said", "${dialect.dataKey}": 1}`,
  );
});

test('a bare token of ours speaks the first dialect that is listed', async () => {
  const { open } = await startGateway({ dialects: ['2017', '2016'] });
  const socket = await open();
  socket.send(await signToken());
  expect(await socket.text((text) => text.includes('AUTH OK'), 'AUTH OK')).toBe('{"action": "AUTH OK"}');
});

test('AUTH speaks this version, whatever is listed', async () => {
  const { open } = await startGateway({ dialects: ALL });
  const socket = await open();
  authenticate(socket, 'bad');
  authenticate(socket, await signToken());
  await socket.text((text) => text.includes('LIVE'), 'LIVE');
  expect(socket.texts.slice(0, 4)).toEqual([
    OPENING,
    '{"id":"AUTH FAILED","data":{"reason":"malformed"}}',
    '{"id": "AUTH REQUEST"}',
    '{"id":"AUTH OK","data":{"user":"ada","heartbeatMs":25000}}',
  ]);
});

test('a live connection of this version may be renewed by a bare token, and stays of this version', async () => {
  const { connect } = await startGateway({ dialects: ALL });
  const socket = await connect('ada');
  socket.send(await signToken());
  await until(() => socket.texts.filter((text) => text.startsWith('{"id":"AUTH OK"')).length === 2, 'AUTH OK again');
});

test.each([
  ['AUTH', { token: 'x' }],
  ['AUTH', 'not its shape'],
  ['SUBSCRIBE', { logs: {} }],
  ['UNSUBSCRIBE', { logs: [] }],
])('%s on a connection of a dialect ends it, rather than be dropped in silence', async (id, data) => {
  const gateway = await startGateway({ dialects: ['2016'], unexpiringTokens: true });
  const socket = await openOld(gateway, getDialect('2016'));
  say(socket, id, data);
  expect(await socket.closed()).toBe(4400);
});

test.each([
  ['that does not say when it was issued', 'AUTH FAILED', undefined],
  ['that was issued since', 'AUTH OK', 1],
])('after a revocation of its user a token %s is answered by %s', async (_, word, issuedS) => {
  const host = startFakeHost({ dialects: ['2020'] });
  const nowS = host.time.wallClock() / 1_000;
  const data = JSON.stringify({ user: 'ada', before: host.time.wallClock() });
  await host.broker.append('control' as never, { key: 'r', event: 'revoke', data: data as never });
  const { socket, connection } = host.open();
  const iat = issuedS && nowS + issuedS;
  connection.takeText(signOldToken({ user_id: 'ada', exp: nowS + 900, iat }, SECRET));
  await until(() => socket.texts[1], 'the answer');
  expect(socket.texts[1]).toContain(`"actionType": "${word}"`);
});

test('who speaks what is reported', async () => {
  const gateway = await startGateway({ dialects: ['2016'], unexpiringTokens: true });
  await openOld(gateway, getDialect('2016'));
  await gateway.connect('grace');
  const authenticated = gateway.events.filter(({ type }) => type === 'connection-authenticated');
  expect(authenticated).toEqual([
    { type: 'connection-authenticated', connection: 1, user: 'ada', dialect: '2016' },
    { type: 'connection-authenticated', connection: 2, user: 'grace' },
  ]);
});

test('a frame is made once for a log and a dialect, however many follow', async () => {
  const { open, broker, frames } = startFakeHost({ dialects: ['2016', '2020'], unexpiringTokens: true });
  const sockets = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const { socket, connection } = open();
      connection.takeText(oldToken(getDialect(i % 2 ? '2016' : '2020')));
      await until(() => socket.texts.some((text) => text.includes('AUTH OK')), 'AUTH OK');
      return socket;
    }),
  );
  await nextTurn();
  const before = frames.encoded;
  await appendOne(broker, 'user/ada', '1');
  await until(() => sockets.every(({ texts }) => texts.some((text) => text.includes('said'))), 'all');
  expect(frames.encoded - before).toBe(3); // ours, and one each
});

test('frames of ours are made no more often for the dialects that are listed', async () => {
  const { connect, broker, frames } = startFakeHost({ dialects: ALL, unexpiringTokens: true });
  const { socket } = await connect('ada');
  await until(() => socket.texts.filter((text) => text.includes('"LIVE"')).length === 2, 'LIVE');
  const before = frames.encoded;
  await appendOne(broker, 'user/ada', '1');
  await until(() => socket.texts.some((text) => text.includes('said')), 'the entry');
  expect(frames.encoded - before).toBe(1);
});

test('100 entries of one turn reach an old page as one write, in order', async () => {
  const { open, broker } = startFakeHost({ dialects: ['2016'], unexpiringTokens: true });
  const { socket, connection } = open();
  connection.takeText(oldToken(getDialect('2016')));
  await until(() => socket.texts.includes('{"id": "AUTH OK"}'), 'AUTH OK');
  await nextTurn();
  await Promise.all(Array.from({ length: 100 }, (_, i) => appendOne(broker, 'user/ada', String(i))));
  await until(() => socket.texts.length >= 102, 'all');
  expect(socket.texts.slice(2).map((text) => JSON.parse(text).data)).toEqual([...Array(100).keys()]);
  expect(socket.writes.at(-1)).toBe(100);
});

test('nothing that a client can say to a gateway of many dialects throws, or is answered in words its dialect has not', async () => {
  const { open, events } = startFakeHost({ dialects: ALL, unexpiringTokens: true, maxConnectionsPerUser: 1_000 });
  const claims = fc.dictionary(
    fc.constantFrom('username', 'user_id', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'),
    fc.jsonValue(),
  );
  const tokens = claims.map((payload) => signOldToken(payload, SECRET));
  const texts = fc.oneof(
    tokens,
    fc.string(),
    fc.json(),
    fc.constant('<3'),
    fc.constant('{"id":"SUBSCRIBE","data":{}}'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { maxLength: 6 }), fc.constantFrom(...DIALECTS), async (said, dialect) => {
      const { socket, connection } = open();
      connection.takeText(oldToken(dialect));
      for (const text of said) connection.takeText(text);
      await until(() => socket.closeCode ?? socket.texts.some((text) => text.includes('AUTH OK')), 'an answer');
      await nextTurn();
      expect(socket.texts.filter((text) => /GAP|LIVE|ERROR|UNSUBSCRIBED|"reason"/.test(text))).toEqual([]);
      connection.ended(1000);
    }),
    { numRuns: 200 },
  );
  expect(events.filter(({ type }) => type === 'fault')).toEqual([]);
});
