import type { Reading } from 'message-flow/broker';
import { DIALECTS, type Dialect, type DialectName, getDialect } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { signOldToken } from '../support/old-token.ts';
import { nextTurn, until } from '../support/until.ts';
import { type FakeHost, type FakeSocket, startFakeHost } from './fake-host.ts';
import { createFaultyBroker } from './faulty-broker.ts';
import { appendOne, SECRET } from './test-gateway.ts';

const MINUTES = 60_000;

/** All that a page of a dialect knows. */
function isKnown({ idKey, dataKey, userKey }: Dialect, text: string): boolean {
  if (text === '<3') return true;
  const frame = JSON.parse(text) as Record<string, unknown>;
  const names = Object.keys(frame).join();
  if (names === `${userKey},${idKey},${dataKey}`) return true;
  return Object.values(frame).every((word) => ['AUTH REQUEST', 'AUTH OK', 'AUTH FAILED'].includes(word as string));
}

function unknownOf(dialect: Dialect, { texts }: FakeSocket): string[] {
  return texts.filter((text) => !isKnown(dialect, text));
}

/** The control frames that came, in order. */
function wordsOf({ texts }: FakeSocket): string[] {
  return texts.filter((text) => text.includes('AUTH')).map((text) => Object.values(JSON.parse(text))[0] as string);
}

async function openOld(host: FakeHost, { claim, idKey }: Dialect, exp?: number) {
  const { socket, connection } = host.open();
  connection.takeText(signOldToken({ [claim]: 'ada', exp }, SECRET));
  await until(() => socket.texts.includes(`{"${idKey}": "AUTH OK"}`), 'AUTH OK');
  return { socket, connection };
}

function startHost(name: DialectName, options: Parameters<typeof startFakeHost>[0] = {}): FakeHost {
  return startFakeHost({
    dialects: [name],
    unexpiringTokens: true,
    pingIntervalMs: Number.POSITIVE_INFINITY,
    ...options,
  });
}

describe.each(DIALECTS)('a page of $name never meets a frame that it does not know:', (dialect) => {
  test('when entries are lost, which ours are told: it goes on with what follows', async () => {
    const broker = createFaultyBroker();
    const host = startHost(dialect.name, { broker });
    const [{ socket }, ours] = [await openOld(host, dialect), await host.connect('ada')];
    await until(() => ours.socket.texts.filter((text) => text.includes('"LIVE"')).length === 2, 'LIVE');
    Object.assign(broker, { isDeaf: true, spoil: ({ top }: Reading) => ({ entries: [], top, gap: 'reset' }) });
    await appendOne(broker, 'user/ada', '1');
    broker.interrupt('all');
    await until(() => ours.socket.texts.some((text) => text.includes('"GAP"')), 'GAP');
    Object.assign(broker, { isDeaf: false, spoil: undefined });
    await appendOne(broker, 'user/ada', '2');
    await until(() => socket.texts.some((text) => text.includes('said')), 'the next');
    expect(unknownOf(dialect, socket)).toEqual([]);
    const metrics = await host.gateway.handler(new Request('http://localhost/gateway/metrics'));
    expect(await metrics.text()).toContain('message_flow_gaps_sent_total{reason="untold"} 1');
  });

  test('when it opens, before it said anything, and the gateway leaves', async () => {
    const host = startHost(dialect.name);
    const { socket } = host.open();
    const drained = host.gateway.drain();
    await host.time.elapse(MINUTES);
    await drained;
    expect(unknownOf(dialect, socket)).toEqual([]);
  });

  test('when the gateway leaves: it is closed with 1001 before the window is over', async () => {
    const host = startHost(dialect.name);
    const { socket } = await openOld(host, dialect);
    const drained = host.gateway.drain();
    await host.time.elapse(19_000);
    expect(socket.closeCode).toBe(1001);
    await drained;
    expect(unknownOf(dialect, socket)).toEqual([]);
  });

  test('when its token ends: it is asked for another, and gone 30 s later', async () => {
    const host = startHost(dialect.name);
    const { socket } = await openOld(host, dialect, host.time.wallClock() / 1_000 + 900);
    await host.time.elapse(15 * MINUTES);
    expect(wordsOf(socket)).toEqual(['AUTH REQUEST', 'AUTH OK']);
    await host.time.elapse(2_000);
    expect(wordsOf(socket)).toEqual(['AUTH REQUEST', 'AUTH OK', 'AUTH REQUEST']);
    await host.time.elapse(28_000);
    expect(socket.closeCode).toBe(4408);
    expect(unknownOf(dialect, socket)).toEqual([]);
  });

  test('when it renews: what it kept is refused, what it fetches is taken, and nothing is missed', async () => {
    const host = startHost(dialect.name);
    const endS = host.time.wallClock() / 1_000 + 900;
    const { socket, connection } = await openOld(host, dialect, endS);
    await host.time.elapse(15 * MINUTES + 2_000);
    socket.texts.length = 0;
    connection.takeText(signOldToken({ [dialect.claim]: 'ada', exp: endS }, SECRET));
    await until(() => socket.texts.length === 2, 'the refusal');
    await appendOne(host.broker, 'user/ada', '1');
    await until(() => socket.texts.length === 3, 'the entry');
    connection.takeText(signOldToken({ [dialect.claim]: 'ada', exp: endS + 900 }, SECRET));
    await until(() => socket.texts.length === 4, 'AUTH OK');
    expect(socket.texts).toEqual([
      `{"${dialect.idKey}": "AUTH FAILED"}`,
      `{"${dialect.idKey}": "AUTH REQUEST"}`,
      `{"${dialect.userKey}": "ada", "${dialect.idKey}": "said", "${dialect.dataKey}": 1}`,
      `{"${dialect.idKey}": "AUTH OK"}`,
    ]);
    await host.time.elapse(10 * MINUTES);
    expect(socket.closeCode).toBeUndefined();
  });

  test('when its token has no end, for a day', async () => {
    const host = startHost(dialect.name);
    const { socket } = await openOld(host, dialect);
    for (let hour = 0; hour < 24; hour++) host.time.advance(60 * MINUTES);
    await nextTurn();
    expect(wordsOf(socket)).toEqual(['AUTH REQUEST', 'AUTH OK']);
    expect(unknownOf(dialect, socket)).toEqual([]);
  });

  test('when its user is revoked: it is closed with 4409', async () => {
    const host = startHost(dialect.name);
    const { socket } = await openOld(host, dialect);
    const data = JSON.stringify({ user: 'ada', before: host.time.wallClock() });
    await host.broker.append('control' as never, { key: 'r', event: 'revoke', data: data as never });
    await until(() => socket.closeCode, 'a close');
    expect(socket.closeCode).toBe(4409);
    expect(unknownOf(dialect, socket)).toEqual([]);
  });
});

test('old pages leave a draining gateway one by one, over the whole window', async () => {
  const host = startHost('2016', { drainWindowMs: 20_000 });
  const sockets = await Promise.all(Array.from({ length: 40 }, () => openOld(host, getDialect('2016'))));
  const drained = host.gateway.drain();
  const counts: number[] = [];
  for (let second = 0; second < 21; second++) {
    await host.time.elapse(1_000);
    counts.push(sockets.filter(({ socket }) => socket.closeCode === 1001).length);
  }
  await drained;
  const leaving = counts.map((count, i) => count - (counts[i - 1] ?? 0));
  expect(counts.at(-1)).toBe(40);
  expect(Math.max(...leaving)).toBeLessThanOrEqual(4);
});
