import { createMemoryBroker } from 'message-flow/broker';
import { expect, test } from 'vitest';
import { createRevocations } from '../../src/gateway/revocations.ts';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { append, appendOne, authenticate, signToken, startGateway } from './test-gateway.ts';

/** After all tokens were issued, also by a clock that is set back meanwhile. */
const LATER_MS = 2_000_000_000_000;
const REVOKED = '{"id":"AUTH FAILED","data":{"reason":"revoked"}}';

async function revoke(broker: ReturnType<typeof createMemoryBroker>, data: unknown, key = JSON.stringify(data)) {
  await broker.append('control' as never, { key, event: 'revoke', data: JSON.stringify(data) as never });
}

test.each([
  ['user', { user: 'ada' }],
  ['session', { session: 's1' }],
  ['token', { token: 'j1' }],
])('a revoked %s is closed with 4409 on every gateway, and nobody else is', async (_, who) => {
  const broker = createMemoryBroker();
  const gateways = [await startGateway({ broker }), await startGateway({ broker })];
  const meant = await Promise.all(gateways.map(({ connect }) => connect('ada', {}, { sid: 's1', jti: 'j1' })));
  const others = await Promise.all(gateways.map(({ connect }) => connect('bob', {}, { sid: 's2', jti: 'j2' })));
  await revoke(broker, { ...who, before: LATER_MS });
  for (const socket of meant) expect(await socket.closed()).toBe(4409);
  for (const socket of others) {
    socket.send('<3');
    await socket.text((text) => text === '<3', 'the heartbeat');
    expect(socket.closeCode).toBeUndefined();
  }
});

test('a revoked token is refused at AUTH, on all gateways, and on one started later', async () => {
  const broker = createMemoryBroker();
  const gateways = [await startGateway({ broker }), await startGateway({ broker })];
  const token = await signToken();
  await revoke(broker, { user: 'ada', before: LATER_MS });
  gateways.push(await startGateway({ broker }));
  for (const { open } of gateways) {
    const socket = await open();
    authenticate(socket, token);
    await socket.text((text) => text === REVOKED, 'AUTH FAILED');
  }
});

test('a token that a gateway has verified before is refused once it is revoked', async () => {
  const { connect, open, broker, sign } = startFakeHost();
  const token = await sign({ sub: 'ada' });
  const first = open();
  first.connection.takeText(token);
  await until(() => first.socket.texts.some((text) => text.includes('AUTH OK')), 'AUTH OK');
  await revoke(broker, { user: 'ada', before: LATER_MS });
  await until(() => first.socket.closeCode, 'the close');
  const second = open();
  second.connection.takeText(token);
  await until(() => second.socket.texts.includes(REVOKED), 'AUTH FAILED');
  await connect('bob');
});

test('a token issued after the moment of revocation is good, one issued at it is not', async () => {
  const { open, broker, sign, time } = startFakeHost();
  const nowMs = time.wallClock();
  await revoke(broker, { user: 'ada', before: nowMs });
  await nextTurn();
  for (const [iat, isGood] of [
    [nowMs / 1_000, false],
    [(nowMs + 1) / 1_000, true],
  ] as const) {
    const { socket, connection } = open();
    connection.takeText(await sign({ sub: 'ada', iat }));
    await until(() => socket.texts.some((text) => text === REVOKED || text.includes('AUTH OK')), 'an answer');
    expect(socket.texts.includes(REVOKED)).toBe(!isGood);
  }
});

test('a session that went on with a token issued later is left alone', async () => {
  const { connect, broker, time } = startFakeHost();
  const { socket } = await connect('ada', {}, { sid: 's1', iat: time.wallClock() / 1_000 });
  await revoke(broker, { session: 's1', before: time.wallClock() - 1 });
  for (let i = 0; i < 5; i++) await nextTurn();
  expect(socket.closeCode).toBeUndefined();
});

test('the older of two revocations does not bring the newer back', () => {
  const revocations = createRevocations(() => 10_000);
  revocations.add({ user: 'ada', before: 5_000 });
  revocations.add({ user: 'ada', before: 3_000 });
  const claims = { aud: 'message-flow', sub: 'ada', jti: 'j', exp: 99, logs: [] } as const;
  expect(revocations.covers({ ...claims, iat: 5 })).toBe(true);
  expect(revocations.covers({ ...claims, iat: 5.001 })).toBe(false);
});

test('each of a day of revocations is known, and what is older than a day is forgotten', () => {
  let nowMs = 0;
  const revocations = createRevocations(() => nowMs);
  const sessions = Array.from({ length: 50_000 }, (_, i) => `s${i}`);
  for (const session of sessions) revocations.add({ session, before: 1_000 });
  const countCovered = () =>
    sessions.filter((sid) =>
      revocations.covers({ aud: 'message-flow', sub: 'ada', sid, jti: 'j', iat: 1, exp: 99, logs: [] }),
    ).length;
  expect(countCovered()).toBe(50_000);
  nowMs = 26 * 3_600_000;
  revocations.add({ user: 'bob', before: nowMs });
  expect(countCovered()).toBe(0);
});

test('kinds do not mix: a session called as a user is not that user', () => {
  const revocations = createRevocations(() => 10_000);
  revocations.add({ session: 'ada', before: 5_000 });
  revocations.add({ token: 'user:ada', before: 5_000 });
  expect(revocations.covers({ aud: 'message-flow', sub: 'ada', jti: 'ada', iat: 1, exp: 9, logs: [] })).toBe(false);
});

test.each([
  [null],
  ['x'],
  [7],
  [[]],
  [{}],
  [{ user: 'ada' }],
  [{ user: 'ada', before: '7' }],
  [{ user: 7, before: 7 }],
  [{ before: 7 }],
])('what is no revocation is ignored: %j', async (data) => {
  expect(createRevocations(() => 0).add(data)).toBe(false);
});

test('a control log full of nonsense costs nothing', async () => {
  const { connect, broker } = startFakeHost();
  const { socket } = await connect('ada');
  await append(broker, 'control', 5);
  await broker.append('control' as never, { key: 'bad', event: 'revoke', data: '{"user":' as never });
  await appendOne(broker, 'control', '"x"');
  await revoke(broker, { user: 'ada', before: LATER_MS });
  await until(() => socket.closeCode === 4409, 'the close');
});

test('all revocations of a long control log are known before the first token is accepted', async () => {
  const broker = createMemoryBroker();
  for (let i = 0; i < 3_000; i++) await revoke(broker, { user: `user ${i}`, before: LATER_MS });
  const { open } = await startGateway({ broker });
  for (const n of [0, 1_500, 2_999]) {
    const socket = await open();
    authenticate(socket, await signToken({ sub: `user ${n}` }));
    await socket.text((text) => text === REVOKED, 'AUTH FAILED');
  }
});

test('a connection revoked while it waits for its tops never hears AUTH OK', async () => {
  const memory = createMemoryBroker();
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { open, sign } = startFakeHost({ broker: { ...memory, tops: (logs) => gate.then(() => memory.tops(logs)) } });
  const { socket, connection } = open();
  connection.takeText(await sign({ sub: 'ada' }));
  await until(() => connection.user === 'ada', 'the token to be verified');
  await revoke(memory, { user: 'ada', before: LATER_MS });
  await until(() => socket.closeCode === 4409, 'the close');
  release();
  for (let i = 0; i < 5; i++) await nextTurn();
  expect(socket.texts).toEqual(['{"id": "AUTH REQUEST"}']);
});

test('a revocation is reported with how many it ended', async () => {
  const { connect, broker, events } = startFakeHost();
  await connect('ada');
  await connect('ada');
  await connect('bob');
  await revoke(broker, { user: 'ada', before: LATER_MS });
  await until(() => events.find((event) => event.type === 'revoked' && event.connections === 2), 'the report');
});
