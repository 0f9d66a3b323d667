import type { Broker } from 'message-flow/broker';
import { findPositionParts, joinLogName, type LogName, type Position, userLog } from 'message-flow/protocol';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createFollower } from '../../../src/broker/conformance/follower.ts';
import { countKeys, entryOf, keysOf } from '../../../src/broker/conformance/world.ts';
import { type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { openLoneBroker, openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

const log = userLog('ada');
const quiet = userLog('grace');
let server: NatsServer;
let broker: Broker;

beforeEach(async () => {
  server = await startNatsServer();
  onTestFinished(() => server.remove());
  broker = openNatsBroker(server.url);
}, TIMEOUT_MS);

async function topOf(name: LogName, of = broker): Promise<Position> {
  return (await of.tops([name])).get(name) as Position;
}

async function follow(name: LogName, after: Position) {
  const follower = await createFollower(broker, name, after, PATIENCE_MS);
  onTestFinished(follower.stop);
  return follower;
}

/** Appends one after another until told to stop, and keeps the places of what was acknowledged. */
function startAppending() {
  const acknowledged = new Map<string, Position>();
  let isOver = false;
  const done = (async () => {
    for (let i = 0; !isOver; i++) {
      const at = await broker.append(log, entryOf(`key ${i}`));
      if (at) acknowledged.set(`key ${i}`, at);
    }
  })();
  return {
    acknowledged,
    stop() {
      isOver = true;
      return done;
    },
  };
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  '%s amid appends loses none that was acknowledged, and repeats none',
  async (signal) => {
    const top = await topOf(log);
    const follower = await follow(log, top);
    const { acknowledged, stop } = startAppending();
    for (const goal of [50, 100, 150]) {
      await until(() => acknowledged.size >= goal, 'appends', PATIENCE_MS);
      await server.stop(signal);
      await server.start();
    }
    await until(() => acknowledged.size >= 200, 'appends after it', PATIENCE_MS);
    await stop();
    const { entries, gap } = await broker.read(log, top, 1_000);
    expect(gap).toBeUndefined();
    expect(new Map(entries.map(({ key, at }) => [key, at]))).toEqual(acknowledged);
    expect(entries.length).toBe(acknowledged.size);
    await follower.has(entries.length);
    expect([keysOf(follower.entries), follower.gaps]).toEqual([keysOf(entries), []]);
  },
  TIMEOUT_MS,
);

test(
  'a key that was said before a restart is known after it',
  async () => {
    const at = await broker.append(log, entryOf('a'));
    await server.stop('SIGKILL');
    await server.start();
    expect(await broker.append(log, entryOf('a'))).toBe(at);
    expect((await broker.read(log, 'start', 10)).entries.length).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  'a key whose entry went is known until the server is started again, and no longer',
  async () => {
    const { say } = openLoneBroker(server, { messages: { maxEntries: 2 } });
    const [at] = await say(log, 'a');
    await say(log, 'b', 'c');
    expect(await say(log, 'a')).toEqual([at]);
    await server.stop();
    await server.start();
    expect(await say(log, 'a')).not.toEqual([at]);
  },
  TIMEOUT_MS,
);

test(
  'of a log that was rolled back to an older copy every follower is told',
  async () => {
    const run = joinLogName('run', ['ada', 'task', '1']);
    for (const name of [log, quiet, run]) await broker.append(name, entryOf('kept'));
    await server.stop();
    const putBack = await server.copyData();
    await server.start();
    for (const key of countKeys(3))
      for (const name of [log, quiet, run]) await broker.append(name, entryOf(`lost ${key}`));
    const followers = await Promise.all([log, quiet, run].map(async (name) => follow(name, await topOf(name))));
    await server.stop('SIGKILL');
    await putBack();
    await server.start();
    for (const { gaps } of followers) await until(() => gaps.length > 0, 'the gap', PATIENCE_MS);
    expect(followers.map(({ gaps }) => gaps)).toEqual([['reset'], ['reset'], ['reset']]);
    await broker.append(log, entryOf('new'));
    await followers[0]?.has(1);
    expect(keysOf(followers[0]?.entries ?? [])).toEqual(['new']);
  },
  TIMEOUT_MS,
);

test(
  'a position of a log that was rolled back and grew past it again is a reset, by the entry that lies there now',
  async () => {
    await broker.append(log, entryOf('kept'));
    await server.stop();
    const putBack = await server.copyData();
    await server.start();
    const lost = [];
    for (const key of countKeys(4)) lost.push(await broker.append(log, entryOf(`lost ${key}`)));
    await server.stop('SIGKILL');
    await putBack();
    await server.start();
    // At one place an entry of this log, at the other one of another log.
    for (const key of countKeys(2)) await broker.append(log, entryOf(key));
    for (const key of countKeys(4)) await broker.append(quiet, entryOf(key));
    for (const at of lost) expect((await broker.read(log, at as Position, 10)).gap).toBe('reset');
  },
  TIMEOUT_MS,
);

test(
  'streams that are removed under a broker are made anew, with another epoch, and whoever follows is told',
  async () => {
    const before = (await broker.append(log, entryOf('a'))) as Position;
    const follower = await follow(log, before);
    const { call, close } = await openNatsOperator(server.url);
    for (const kind of ['messages', 'runs', 'control']) await call(`STREAM.DELETE.message-flow-${kind}`);
    await close();
    const after = (await broker.append(log, entryOf('b'))) as Position;
    expect(findPositionParts(after)?.epoch).not.toBe(findPositionParts(before)?.epoch);
    await until(() => follower.gaps.length > 0, 'the gap', PATIENCE_MS);
    expect(follower.gaps).toEqual(['reset']);
    expect((await broker.read(log, before, 10)).gap).toBe('reset');
  },
  TIMEOUT_MS,
);

test(
  'all data lost under a broker is another epoch, and no entry is heard under the old one',
  async () => {
    const before = await topOf(quiet);
    const follower = await follow(log, await topOf(log));
    await broker.append(log, entryOf('a'));
    await follower.has(1);
    await server.stop('SIGKILL');
    await server.wipe();
    await server.start();
    await until(() => follower.gaps.length > 0, 'the gap', PATIENCE_MS);
    await broker.append(log, entryOf('b'));
    await follower.has(2);
    const epochs = follower.entries.map(({ at }) => findPositionParts(at)?.epoch);
    expect([follower.gaps, new Set(epochs).size]).toEqual([['reset'], 2]);
    expect((await broker.read(quiet, before, 10)).gap).toBe('reset');
  },
  TIMEOUT_MS,
);
