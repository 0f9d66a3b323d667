import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createFollower } from '../../../src/broker/conformance/follower.ts';
import { type FaultLine, openFaultLine } from '../../support/fault-line.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { listen, openBroker, say } from './redis-world.ts';

const PATIENCE_MS = 30_000;
const NEVER_MS = 3_600_000;
/** Finds out soon what stands still. */
const QUICK = { probeIntervalMs: 100, timeoutMs: 1_000 };

let server: RedisServer;
let log: LogName;
let count = 0;
beforeAll(async () => {
  server = await startRedisServer();
}, 120_000);
afterAll(() => server.remove());
beforeEach(() => {
  log = userLog(`ada ${++count}`);
});

/** Opens a line to the server that ends with the test. */
async function openLine(): Promise<FaultLine> {
  const line = await openFaultLine(server.port);
  onTestFinished(() => line.close());
  return line;
}

describe('the live end of a broker on Redis', () => {
  test('says `interrupted`, with the logs, once it hears again after it was cut', async () => {
    const broker = openBroker(server.url);
    const told: (readonly LogName[] | 'all')[] = [];
    broker.on('interrupted', (logs) => told.push(logs));
    const heard = await listen(broker, log);
    await listen(broker, userLog('other'));
    await server.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => told.length > 0, 'the interruption', PATIENCE_MS);
    expect([...(told[0] ?? [])].sort()).toEqual([log, userLog('other')].sort());
    await say(openBroker(server.url), log, 'a');
    await until(() => heard.length === 1, 'the entry');
  });

  test('of many logs, cut again while it mends, and again, hears all of them in the end', async () => {
    // No probe, which would be a channel more.
    const broker = openBroker(server.url, { probeIntervalMs: NEVER_MS });
    const logs = Array.from({ length: 3_000 }, (_, i) => userLog(`many ${i}`));
    const told = new Set<LogName>();
    await Promise.all(logs.map((one) => listen(broker, one)));
    broker.on('interrupted', (names) => {
      for (const name of names) told.add(name as LogName);
    });
    const countHeard = async () => ((await server.admin('PUBSUB', 'SHARDCHANNELS')) as string[]).length;
    for (let i = 0; i < 5; i++) {
      told.clear(); // all may be told of each cut, before the next one
      await server.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(async () => (await countHeard()) > 0, 'the next connection to listen', PATIENCE_MS);
    }
    await until(() => told.size === logs.length, 'all to be told', PATIENCE_MS);
    await until(async () => (await countHeard()) === logs.length, 'all to be heard', PATIENCE_MS);
  });

  test('that goes silent without an end is found out by a probe, and nothing is missed', async () => {
    const line = await openLine();
    const [broker, speaker] = [openBroker(`redis://127.0.0.1:${line.port}`, QUICK), openBroker(server.url)];
    const at = await say(speaker, log, 'a');
    const startFollower = () => createFollower(broker, log, at, PATIENCE_MS).catch(() => undefined);
    const follower = await until(startFollower, 'a tail', PATIENCE_MS);
    line.freeze({ said: 'ssubscribe' });
    await say(speaker, log, 'b');
    await follower.has(1);
    await say(speaker, log, 'c');
    await follower.has(2);
    expect([follower.entries.map(({ key }) => key), follower.gaps]).toEqual([['b', 'c'], []]);
  });

  test('that comes to a place where nobody answers is given up, and comes to the next', async () => {
    let isDeaf = false;
    let deafCount = 0;
    const relay = createServer((near) => {
      near.on('error', () => {});
      if (isDeaf) {
        deafCount++;
        near.resume();
        return;
      }
      const far = connect(server.port, '127.0.0.1');
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      near.pipe(far).pipe(near);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    onTestFinished(() => void relay.close());
    const { port } = relay.address() as AddressInfo;
    const broker = openBroker(`redis://127.0.0.1:${port}`, QUICK);
    const heard = await until(() => listen(broker, log).catch(() => undefined), 'a tail', PATIENCE_MS);
    isDeaf = true;
    await server.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => deafCount > 0, 'the live end to come there', PATIENCE_MS);
    isDeaf = false;
    await until(
      async () => (await say(broker, log, randomUUID()).catch(() => undefined)) && heard.length > 0,
      'an entry',
      PATIENCE_MS,
    );
  });

  test('that is well is tried again and again, and is not interrupted', async () => {
    const line = await openLine();
    const broker = openBroker(`redis://127.0.0.1:${line.port}`, { probeIntervalMs: 10 });
    let interruptions = 0;
    broker.on('interrupted', () => interruptions++);
    await listen(broker, log);
    const before = line.bytesTo('ssubscribe');
    await until(() => line.bytesTo('ssubscribe') > before + 1_000, 'ten probes', PATIENCE_MS);
    expect([interruptions, line.openedCount]).toEqual([0, 2]);
  });

  test('that Redis cuts, as it reads too slowly, misses nothing', async () => {
    const broker = openBroker(server.url);
    const speaker = openBroker(server.url);
    let interruptions = 0;
    broker.on('interrupted', () => interruptions++);
    const follower = await createFollower(broker, log, await say(speaker, log, 'a'), PATIENCE_MS);
    // Any entry of this size is more than Redis will hold for a reader.
    await server.admin('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 65536 0 0');
    try {
      const data = `"${'x'.repeat(250_000)}"` as EncodedJson;
      for (const key of ['b', 'c', 'd']) await speaker.append(log, { key, event: 'said', data });
      await follower.has(3);
    } finally {
      await server.admin('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 33554432 8388608 60');
    }
    expect(interruptions).toBeGreaterThan(0);
    expect([follower.entries.map(({ key }) => key), follower.gaps]).toEqual([['b', 'c', 'd'], []]);
  });

  test('ignores what others say in its channels', async () => {
    const broker = openBroker(server.url);
    const heard = await listen(broker, log);
    for (const text of ['', 'nonsense', 'e 1 2 - ["a"]\n1', '\ud800'])
      await server.admin('SPUBLISH', `flow:0:{${log}}`, text);
    await say(broker, log, 'a');
    await until(() => heard.length > 0, 'the entry');
    expect(heard.map(({ key }) => key)).toEqual(['a']);
  });

  test('hears nothing of another database, though pub/sub knows none', async () => {
    const [mine, theirs] = [openBroker(`${server.url}/0`), openBroker(`${server.url}/1`)];
    const [heard, heardThere] = [await listen(mine, log), await listen(theirs, log)];
    await say(theirs, log, 'theirs');
    await until(() => heardThere.length === 1, 'their entry');
    await say(mine, log, 'mine');
    await until(() => heard.length === 1, 'my entry');
    expect([heard, heardThere].map((entries) => entries.map(({ key }) => key))).toEqual([['mine'], ['theirs']]);
  });
});

describe('a broker on Redis that follows nothing', () => {
  test('has one connection, and none that listens', async () => {
    const line = await openLine();
    const broker = openBroker(`redis://127.0.0.1:${line.port}`);
    await say(broker, log, 'a');
    await broker.read(log, 'start', 10);
    expect([line.openedCount, await server.admin('CLIENT', 'LIST', 'TYPE', 'pubsub')]).toEqual([1, '']);
  });

  test('hears nothing: Redis sends it no byte of other logs, nor of one that it left', async () => {
    const line = await openLine();
    const broker = openBroker(`redis://127.0.0.1:${line.port}`);
    const speaker = openBroker(server.url);
    const heard = await listen(broker, userLog('kept'));
    const stop = await broker.tail(log, () => {});
    stop();
    const isLeft = async () =>
      !((await server.admin('PUBSUB', 'SHARDCHANNELS')) as string[]).includes(`flow:0:{${log}}`);
    await until(isLeft, 'the channel to be left');
    const before = line.bytesTo('ssubscribe');
    const data = `"${'x'.repeat(10_000)}"` as EncodedJson;
    for (let i = 0; i < 50; i++) await speaker.append(log, { key: `${i}`, event: 'said', data });
    await say(speaker, userLog('kept'), 'a');
    await until(() => heard.length === 1, 'the entry of the log that is followed');
    expect(broker.capabilities.interest).toBe(true);
    expect(line.bytesTo('ssubscribe') - before).toBeLessThan(1_000);
  });
});
