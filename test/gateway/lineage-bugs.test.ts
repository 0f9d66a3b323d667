import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getDialect } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { GATEWAY_OPTIONS } from '../../src/cli/gateway-options.ts';
import { createProgramLog } from '../../src/cli/program-log.ts';
import { signOldToken } from '../support/old-token.ts';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { openRaw, type RawSocket } from './raw-socket.ts';
import { appendOne, SECRET, startGateway, type TestGateway } from './test-gateway.ts';

/* What was found in the pattern's own servers, and is not to be found in ours. The bus's are in test/proxy/inlet.test.ts. */

const OLD = { dialects: ['2016', '2020'], unexpiringTokens: true } as const;
const NOW_S = Math.floor(Date.now() / 1_000);

function tokenOf(user: string): string {
  return signOldToken({ username: user }, SECRET);
}

async function openOld({ open }: Pick<TestGateway, 'open'>, user: string): Promise<RawSocket> {
  const socket = await open();
  socket.send(tokenOf(user));
  await socket.text((text) => text === '{"id": "AUTH OK"}', 'AUTH OK');
  return socket;
}

function messagesOf({ texts }: RawSocket): unknown[] {
  return texts.filter((text) => text.includes('"said"')).map((text) => JSON.parse(text).data);
}

test('bug 1.8#1: a bad token is answered with AUTH FAILED, on a connection that stays', async () => {
  const { open } = await startGateway(OLD);
  const socket = await open();
  socket.send('no_auth_token_user bad_token');
  await socket.text((text) => text.includes('AUTH FAILED'), 'AUTH FAILED');
  socket.send(tokenOf('ada'));
  await socket.text((text) => text === '{"id": "AUTH OK"}', 'AUTH OK');
});

test.each([
  ['1.8#2: an expired token', signOldToken({ username: 'ada', exp: NOW_S - 9 }, SECRET)],
  ['1.8#2: a token of another algorithm', signOldToken({ username: 'ada' }, SECRET, { header: { alg: 'RS256' } })],
  ['1.8#2: a token without a user', signOldToken({}, SECRET)],
  ['1.8#2: an empty text', ''],
  ['3.B11: a token by HS512', signOldToken({ username: 'ada' }, SECRET, { header: { alg: 'HS512' }, hash: 'sha512' })],
  ['3.B11: a token by no algorithm', signOldToken({ username: 'ada' }, SECRET, { header: { alg: 'none' } })],
  ['3.B11: a token that is not yet good', signOldToken({ user_id: 'ada', nbf: NOW_S + 900 }, SECRET)],
  ['3.B11: a token issued in the future', signOldToken({ user_id: 'ada', iat: NOW_S + 900 }, SECRET)],
  ['3.B11: a token with an audience', signOldToken({ user_id: 'ada', aud: 'web' }, SECRET)],
  ['3.B11: a token for a number', signOldToken({ user_id: 12 }, SECRET)],
  ['3.B11: a token for "*"', signOldToken({ user_id: '*' }, SECRET)],
])('bug %s is AUTH FAILED and AUTH REQUEST, no dropped TCP', async (_, token) => {
  const { open } = await startGateway(OLD);
  const socket = await open();
  socket.send(token);
  await until(() => socket.texts.length === 3, 'the answer');
  expect(socket.texts.slice(1)).toEqual([
    '{"id": "AUTH FAILED", "actionType": "AUTH FAILED"}',
    '{"id": "AUTH REQUEST", "actionType": "AUTH REQUEST"}',
  ]);
  socket.send(tokenOf('ada'));
  await socket.text((text) => text === '{"id": "AUTH OK"}', 'AUTH OK');
});

test.each(['1.8#4', '3.B10'])('bug %s: who never authenticates is closed, with a code, after 10 s', async () => {
  const { open, time, gateway } = startFakeHost(OLD);
  const { socket, connection } = open();
  for (let i = 0; i < 9; i++) connection.takeText('bad');
  await time.elapse(9_000);
  expect(socket.closeCode).toBeUndefined();
  await time.elapse(1_000);
  expect(socket.closeCode).toBe(4401);
  expect(gateway.connectionCount).toBe(0);
});

test('bug 1.8#5: a token without an end is refused, unless such are asked for', async () => {
  const { open } = await startGateway({ dialects: ['2016'] });
  const socket = await open();
  socket.send(tokenOf('ada'));
  await socket.text((text) => text === '{"id": "AUTH FAILED"}', 'AUTH FAILED');
});

test.each(['1.8#6', '3.B4'])('bug %s: for a page that does not read nothing is made or kept', async () => {
  const { open, broker, frames } = startFakeHost(OLD);
  const { socket, connection } = open();
  connection.takeText(tokenOf('ada'));
  await until(() => socket.texts.includes('{"id": "AUTH OK"}'), 'AUTH OK');
  socket.isFull = true;
  const before = frames.encoded;
  for (let i = 0; i < 500; i++) {
    await appendOne(broker, 'user/ada', String(i));
    await nextTurn();
  }
  expect(frames.encoded).toBe(before);
  socket.isFull = false;
  connection.drained();
  await until(() => socket.texts.at(-1)?.endsWith('499}'), 'all of it, once it reads');
});

test('bug 1.8#7: what is sent to others costs a gateway nothing', async () => {
  const { open, broker, frames, gateway } = startFakeHost(OLD);
  const { socket, connection } = open();
  connection.takeText(tokenOf('ada'));
  await until(() => socket.texts.includes('{"id": "AUTH OK"}'), 'AUTH OK');
  const before = frames.encoded;
  for (let i = 0; i < 100; i++) await appendOne(broker, `user/other${i}`, '1');
  await nextTurn();
  expect(frames.encoded).toBe(before);
  const metrics = await (await gateway.handler(new Request('http://localhost/gateway/metrics'))).text();
  expect(metrics).toContain('message_flow_logs 3\n'); // hers, everyone, control
});

test('bug 1.8#9: many who publish at once break nothing, and each log keeps its order', async () => {
  const gateway = await startGateway(OLD);
  const sockets = await Promise.all(['a', 'b', 'c', 'd'].map((user) => openOld(gateway, user)));
  const publish = async (user: string) => {
    for (let n = 0; n < 50; n++) await gateway.post('publish', { user, id: 'said', data: n });
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(publish));
  await until(() => sockets.every((socket) => messagesOf(socket).length === 50), 'all');
  expect(sockets.map(messagesOf)).toEqual(sockets.map(() => [...Array(50).keys()]));
});

test.each(['1.8#10', '3.B13'])('bug %s: a gateway is reached from its own machine alone, unless it is told', () => {
  expect(GATEWAY_OPTIONS.host.default).toBe('127.0.0.1');
});

test('bug 1.8#10: what a page may not take for HTML is JSON all the way', async () => {
  const gateway = await startGateway(OLD);
  const socket = await openOld(gateway, 'ada');
  await appendOne(gateway.broker, 'user/ada', JSON.stringify('<img onerror=alert(1)>'));
  await until(() => messagesOf(socket).length === 1, 'the message');
  expect(messagesOf(socket)).toEqual(['<img onerror=alert(1)>']);
});

test('bug 1.8#11: no dependency changes under us: each is one version', () => {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version as string))).toEqual([]);
});

test('bug 1.8#12: a line of the log is written before the next thing happens', () => {
  const lines: string[] = [];
  createProgramLog({ write: (line: string) => lines.push(line) > 0 }, 'info').info('said');
  expect(lines.length).toBe(1);
});

test('bug 3.B1: a client that leaves in the middle of a burst costs the others nothing', async () => {
  const gateway = await startGateway(OLD);
  const stays = await openOld(gateway, 'ada');
  let n = 0;
  let isOver = false;
  const publisher = (async () => {
    while (!isOver) {
      await appendOne(gateway.broker, 'user/ada', String(n++));
      await nextTurn();
    }
  })();
  for (let i = 0; i < 100; i++) {
    const leaves = await openRaw(gateway.port);
    leaves.send(tokenOf('ada'));
    await until(() => messagesOf(leaves).length > 0, 'a message');
    leaves.destroy();
  }
  isOver = true;
  await publisher;
  await until(() => messagesOf(stays).length === n, 'all');
  expect(messagesOf(stays)).toEqual([...Array(n).keys()]);
}, 60_000);

test('bug 3.B2: a token of another user ends the connection, and nothing of either leaks', async () => {
  const gateway = await startGateway(OLD);
  const socket = await openOld(gateway, 'ada');
  socket.send(tokenOf('grace'));
  expect(await socket.closed()).toBe(4401);
  const [ada, grace] = [await openOld(gateway, 'ada'), await openOld(gateway, 'grace')];
  await appendOne(gateway.broker, 'user/ada', '"for ada"');
  await appendOne(gateway.broker, 'user/grace', '"for grace"');
  await until(() => messagesOf(ada).length + messagesOf(grace).length === 2, 'both');
  expect([messagesOf(socket), messagesOf(ada), messagesOf(grace)]).toEqual([[], ['for ada'], ['for grace']]);
});

test('bug 3.B5: what is pushed the instant AUTH OK was seen arrives, 50 times of 50', async () => {
  const gateway = await startGateway(OLD);
  for (let i = 0; i < 50; i++) {
    const socket = await openOld(gateway, `user ${i}`);
    await appendOne(gateway.broker, `user/user%20${i}`, String(i));
    await until(() => messagesOf(socket).length === 1, `message ${i}`);
    socket.destroy();
  }
});

test('bug 3.B8: the user 1 gets nothing of 10 or 123', async () => {
  const gateway = await startGateway(OLD);
  const socket = await openOld(gateway, '1');
  for (const user of ['10', '123', '1%2F0', '1']) await appendOne(gateway.broker, `user/${user}`, `"${user}"`);
  await until(() => messagesOf(socket).length > 0, 'the message');
  expect(messagesOf(socket)).toEqual(['1']);
});

test('bug 3.B9: a page that never gets a good token comes once in 10 s, not each second', async () => {
  const { open, time } = startFakeHost(OLD);
  let connections = 0;
  for (let second = 0, current: ReturnType<typeof open> | undefined; second < 60; second++) {
    if (!current || current.socket.closeCode !== undefined) {
      current = open();
      connections++;
      for (let i = 0; i < 3; i++) current.connection.takeText('stale');
    }
    await time.elapse(1_000);
  }
  expect(connections).toBeLessThanOrEqual(6);
});

test('bug 3.B12: 300 clients that vanish leave no error behind', async () => {
  const rejections: unknown[] = [];
  const note = (error: unknown) => rejections.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const gateway = await startGateway({ ...OLD, maxConnectionsPerUser: 1_000 });
  const sockets = await Promise.all(Array.from({ length: 300 }, () => openOld(gateway, 'ada')));
  for (const socket of sockets) {
    await appendOne(gateway.broker, 'user/ada', '1');
    socket.destroy();
  }
  await until(() => gateway.gateway.connectionCount === 0, 'all to be gone');
  expect(rejections).toEqual([]);
  expect(gateway.events.filter(({ type }) => type === 'fault')).toEqual([]);
});

test.each([
  ['its token ended', async (host: ReturnType<typeof startFakeHost>) => void (await host.time.elapse(931_000)), 4408],
  ['its user was signed out', revoke, 4409],
])('bug 3.B14: an old page is gone once %s', async (_, happen, code) => {
  const host = startFakeHost({ ...OLD, pingIntervalMs: Number.POSITIVE_INFINITY });
  const { socket, connection } = host.open();
  const exp = host.time.wallClock() / 1_000 + 900;
  connection.takeText(signOldToken({ [getDialect('2020').claim]: 'ada', exp }, SECRET));
  await until(() => socket.texts.includes('{"actionType": "AUTH OK"}'), 'AUTH OK');
  await happen(host);
  await until(() => socket.closeCode, 'its end');
  expect(socket.closeCode).toBe(code);
});

async function revoke({ broker, time }: ReturnType<typeof startFakeHost>): Promise<void> {
  const data = JSON.stringify({ user: 'ada', before: time.wallClock() });
  await broker.append('control' as never, { key: 'r', event: 'revoke', data: data as never });
}
