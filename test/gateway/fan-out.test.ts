import type { Socket } from 'node:net';
import { type Broker, createMemoryBroker, type Entry } from 'message-flow/broker';
import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { onNode } from './on-node.ts';
import { append, startGateway } from './test-gateway.ts';
import { watchTransport } from './watched-transport.ts';

onNode('many entries of one turn go out as one write', async () => {
  const { connect, broker, transports } = await startGateway();
  const socket = await connect('ada');
  await until(() => socket.texts.length === 4, 'LIVE');
  const watched = watchTransport(transports[0] as Socket);
  await append(broker, 'user/ada', 50);
  await until(() => socket.texts.length === 54, '50 entries');
  expect(watched.writes).toBe(1);
});

onNode('entries of several logs in one turn go out as one write', async () => {
  const { connect, broker, transports } = await startGateway();
  const logs = Array.from({ length: 20 }, (_, i) => `channel/c${i}`);
  const socket = await connect('ada', Object.fromEntries(logs.map((log) => [log, 'start'])), { logs });
  await until(() => socket.texts.length === 24, 'LIVE');
  const watched = watchTransport(transports[0] as Socket);
  for (const log of logs) await append(broker, log, 5);
  await until(() => socket.texts.length === 124, '100 entries');
  expect(watched.writes).toBe(1);
});

test('what came in two turns goes out as two writes, and nothing waits for more', async () => {
  const { connect, broker } = startFakeHost();
  const { socket } = await connect('ada');
  await until(() => socket.texts.length === 4, 'LIVE');
  const begin = socket.writes.length;
  await append(broker, 'user/ada', 3);
  await nextTurn();
  await append(broker, 'user/ada', 2, 4);
  await nextTurn();
  expect(socket.writes.slice(begin)).toEqual([3, 2]);
});

test('an entry is encoded once for 200 followers, live and from the ring', async () => {
  const { connect, broker, frames } = startFakeHost({ maxConnectionsPerUser: 1_000 });
  const followers = await Promise.all(Array.from({ length: 200 }, () => connect('ada')));
  await until(() => followers.every(({ socket }) => socket.texts.length === 4), 'LIVE');
  const begin = frames.encoded;
  await append(broker, 'user/ada', 10);
  await until(() => followers.every(({ socket }) => socket.texts.length === 14), '10 entries');
  expect(frames.encoded - begin).toBe(10);
});

test('200 that resume at one place are served from entries that were encoded once', async () => {
  const { connect, broker, frames } = startFakeHost({ maxConnectionsPerUser: 1_000 });
  await append(broker, 'user/ada', 100);
  const begin = frames.encoded;
  const followers = await Promise.all(Array.from({ length: 200 }, () => connect('ada', { 'user/ada': 'start' })));
  await until(() => followers.every(({ socket }) => socket.texts.length === 104), 'all entries');
  const ownFrames = 200 * 4; // AUTH REQUEST, AUTH OK and LIVE twice
  expect(frames.encoded - begin - ownFrames).toBeLessThanOrEqual(200);
});

test('a follower whose socket throws is closed with 1011, rather than miss something, and costs the others nothing', async () => {
  const { connect, broker, events } = startFakeHost();
  const [one, bad, two] = [await connect('ada'), await connect('ada'), await connect('ada')];
  await until(() => [one, bad, two].every(({ socket }) => socket.texts.length === 4), 'LIVE');
  bad.socket.write = () => {
    throw new Error('a socket must not throw');
  };
  await append(broker, 'user/ada', 2);
  await until(() => [one, two].every(({ socket }) => socket.texts.length === 6), 'the entries');
  expect(bad.socket.closeCode).toBe(1011);
  expect(events).toContainEqual(expect.objectContaining({ type: 'fault', during: 'connection' }));
});

test('a socket that throws in the middle of a sweep is closed with 1011, and the sweep goes on', async () => {
  const { connect, time } = startFakeHost();
  const [one, bad, two] = [await connect('ada'), await connect('ada'), await connect('ada')];
  await until(() => [one, bad, two].every(({ socket }) => socket.texts.length === 4), 'LIVE');
  bad.socket.write = () => {
    throw new Error('a socket must not throw');
  };
  time.advance(25_000);
  expect(bad.socket.closeCode).toBe(1011);
  expect([one, two].map(({ socket }) => socket.texts.at(-1))).toEqual(['<3', '<3']);
});

test('a listener that throws costs nobody anything', async () => {
  const { gateway, open, connect, broker } = await startGateway({
    onEvent() {
      throw new Error('broken listener');
    },
  });
  const socket = await connect('ada');
  const refused = await open({ headers: { Origin: 'http://evil.test' } });
  expect(refused.status).toBe(403);
  const malformed = await open();
  malformed.send('{');
  expect(await malformed.closed()).toBe(4400);
  await append(broker, 'user/ada', 1);
  await socket.text((text) => text.includes('{"n":1}'), 'the entry');
  void gateway.drain();
  await socket.text((text) => text.includes('"DRAIN"'), 'DRAIN');
});

test('a follower that leaves while messages to it are in flight costs the others nothing', async () => {
  const { connect, broker, events } = await startGateway({ maxConnectionsPerUser: 1_000 });
  const stays = await connect('ada');
  let n = 0;
  for (let i = 0; i < 50; i++) {
    const leaves = await connect('ada');
    await append(broker, 'user/ada', 3, n + 1);
    if (i % 2) leaves.destroy();
    else leaves.sendFrame('', { opcode: 8 });
    await append(broker, 'user/ada', 3, n + 4);
    n += 6;
  }
  await until(() => stays.texts.filter((text) => text.includes('"said"')).length === 300, '300 entries');
  expect(events.filter(({ type }) => type === 'fault')).toEqual([]);
});

/** A broker whose live end a test can speak into. */
function createSpokenBroker() {
  const memory = createMemoryBroker();
  const heard = new Map<string, (entry: Entry) => void>();
  const broker: Broker = {
    ...memory,
    tail(log, onEntry) {
      heard.set(log, onEntry);
      return memory.tail(log, onEntry);
    },
  };
  return { broker, speak: (log: string, entry: unknown) => heard.get(log as LogName)?.(entry as Entry) };
}

test.each([
  ['a position that is none', { at: 'nonsense' }],
  ['an offset beyond 2^53', { at: 'x:99999999999999999:0badc0de' }],
  ['no position', { at: undefined }],
  ['a position that is a number', { at: 7 }],
  ['a previous that is nonsense', { previous: { offset: 'x' } }],
  ['another epoch', { at: 'other:1:0badc0de' }],
])('a bus entry with %s costs a counter at most; entries go on', async (_, wrong) => {
  const { broker, speak } = createSpokenBroker();
  const { connect } = startFakeHost({ broker });
  const { socket } = await connect('ada');
  const [at] = await append(broker, 'user/ada', 1);
  await until(() => socket.texts.length === 5, 'the first');
  const entry = { key: 'bad', event: 'said', data: '"bad"', at, previous: { offset: 1 }, ts: 0 };
  speak('user/ada', { ...entry, ...wrong });
  await append(broker, 'user/ada', 3, 2);
  await until(() => socket.texts.length === 8, 'the rest');
  expect(socket.texts.slice(-3).map((text) => JSON.parse(text).data.n)).toEqual([2, 3, 4]);
  expect(socket.texts.join()).not.toContain('"bad"');
});

test('a bus entry that is nothing costs a counter', async () => {
  const { broker, speak } = createSpokenBroker();
  const { connect, events } = startFakeHost({ broker });
  const { socket } = await connect('ada');
  await append(broker, 'user/ada', 1);
  await until(() => socket.texts.length === 5, 'the first');
  for (const nothing of [undefined, null, {}]) speak('user/ada', nothing);
  await append(broker, 'user/ada', 1, 2);
  await until(() => socket.texts.length === 6, 'the second');
  expect(events.filter((event) => event.type === 'fault' && event.during === 'entry')).toHaveLength(3);
});
