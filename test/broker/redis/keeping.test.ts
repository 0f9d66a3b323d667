import type { Broker } from 'message-flow/broker';
import { CONTROL, type EncodedJson, joinLogName, type LogName, type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { faultOf, keysOf, openBroker, say } from './redis-world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RUN = joinLogName('run', ['ada', 'transcribe', 'first']);

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
const admin = (...command: (string | number)[]) => server.admin(...command);

describe('a broker on Redis keeps', () => {
  test('1,000 messages of a log', async () => {
    const broker = openBroker(server.url);
    await Promise.all(Array.from({ length: 1_001 }, (_, i) => say(broker, log, `${i}`)));
    const keys = await keysOf(broker, log);
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([1_000, '1', '1000']);
  });

  test('bytes of data and not characters, nor what is stored beside', async () => {
    const broker = openBroker(server.url, { messages: { maxBytes: 12 } });
    for (const key of ['a', 'b', 'c']) await append(broker, key, '"éé"');
    expect(await keysOf(broker, log)).toEqual(['b', 'c']);
  });

  test('the newest entry, however large', async () => {
    const broker = openBroker(server.url, { messages: { maxBytes: 10 } });
    await append(broker, 'a', `"${'x'.repeat(100)}"`);
    expect(await keysOf(broker, log)).toEqual(['a']);
  });

  test('no more bytes than it may after a quiet time in which all went', async () => {
    const broker = openBroker(server.url, { messages: { maxBytes: 10 } });
    await append(broker, 'a', '"12345"');
    await admin('DEL', `flow:{${log}}:entries`);
    for (const key of ['b', 'c']) await append(broker, key, '"1"');
    expect(await keysOf(broker, log)).toEqual(['b', 'c']);
  });

  test('a message for its time, after which the next one takes it away', async () => {
    // Two, as the time of one that forgets soon may be over before the next call.
    const [patient, brief] = [openBroker(server.url), openBroker(server.url, { messages: { maxAgeMs: 300 } })];
    await say(patient, log, 'a');
    const appendedAt = await serverTime();
    await until(async () => (await serverTime()) > appendedAt + 301, '300 ms of the server');
    await say(patient, log, 'b');
    const kept = await keysOf(brief, log);
    await say(brief, log, 'c');
    expect([kept, (await keysOf(brief, log)).includes('a')]).toEqual([['a', 'b'], false]);
  });

  test('a quiet log for its time, and its end for 30 days', async () => {
    const broker = openBroker(server.url);
    for (const [name, ms] of [
      [log, HOUR_MS],
      [RUN, DAY_MS],
      [CONTROL, 25 * HOUR_MS],
    ] as const) {
      await say(broker, name, 'a');
      const [entries, end] = await Promise.all([
        admin('PTTL', `flow:{${name}}:entries`),
        admin('PTTL', `flow:{${name}}`),
      ]);
      expect([Math.ceil(Number(entries) / 60_000), Math.ceil(Number(end) / 60_000)]).toEqual([ms / 60_000, 43_200]);
    }
  });

  test('the end of a log for as long as its entries, where those are kept for longer than 30 days', async () => {
    const broker = openBroker(server.url, { messages: { maxAgeMs: Number.POSITIVE_INFINITY } });
    await say(broker, log, 'a');
    expect(Number(await admin('PTTL', `flow:{${log}}`))).toBeGreaterThan(1_000 * 365 * DAY_MS);
    expect(await keysOf(broker, log)).toEqual(['a']);
  });

  test('a log of one entry in less than 400 bytes', async () => {
    const broker = openBroker(server.url);
    await say(broker, log, 'a');
    const [end, entries] = await Promise.all(
      ['', ':entries'].map((part) => admin('MEMORY', 'USAGE', `flow:{${log}}${part}`)),
    );
    expect(Number(end) + Number(entries)).toBeLessThan(400);
  });
});

describe('a broker on Redis remembers a key', () => {
  test('whose entry is gone', async () => {
    const broker = openBroker(server.url, { messages: { maxEntries: 1 } });
    const first = await say(broker, log, 'a');
    await say(broker, log, 'b');
    expect(await say(broker, log, 'a')).toBe(first);
    expect(await keysOf(broker, log)).toEqual(['b']);
  });

  test('for its window, and no longer', async () => {
    const [patient, brief] = [openBroker(server.url), openBroker(server.url, { keyWindowMs: 200 })];
    const first = await say(brief, log, 'a');
    await until(async () => (await say(patient, log, 'a')) !== first, 'the key to be forgotten');
    const second = await say(patient, log, 'a'); // said by one whose window is no matter of milliseconds
    expect(await say(brief, log, 'a')).toBe(second);
    expect(await keysOf(patient, log)).toEqual(['a', 'a']);
  });

  test('but not beyond the loss of its log: nothing that was not kept is acknowledged', async () => {
    const broker = openBroker(server.url);
    await say(broker, log, 'a');
    await admin('DEL', `flow:{${log}}`);
    await say(broker, log, 'a');
    expect(await keysOf(broker, log)).toEqual(['a']);
  });
});

describe('what Redis loses of a log', () => {
  test('is a reset when its end was evicted, and entries that outlived it are not numbered anew', async () => {
    const broker = openBroker(server.url);
    const at = await say(broker, log, 'a', 'b');
    await admin('DEL', `flow:{${log}}`);
    expect(await broker.read(log, at, 10)).toMatchObject({ entries: [], gap: 'reset' });
    await say(broker, log, 'c', 'd');
    expect(await broker.read(log, at, 10)).toMatchObject({ entries: [], gap: 'reset' });
    expect(await keysOf(broker, log)).toEqual(['c', 'd']);
  });

  test('is trimmed when only its entries were evicted', async () => {
    const broker = openBroker(server.url);
    const first = await say(broker, log, 'a');
    const at = await say(broker, log, 'b');
    await admin('DEL', `flow:{${log}}:entries`);
    expect(await broker.read(log, first, 10)).toEqual({ entries: [], top: at, gap: 'trimmed' });
    expect(await broker.read(log, at, 10)).toEqual({ entries: [], top: at });
  });

  test('is never an offset that is used twice in one epoch: each beginning has an epoch of its own', async () => {
    const broker = openBroker(server.url);
    const places = new Set<Position>();
    for (let i = 0; i < 20; i++) {
      places.add(await say(broker, log, 'a'));
      await admin('FLUSHALL');
    }
    expect(places.size).toBe(20);
  });
});

describe('Redis that is full', () => {
  test('refuses an append whole: `unavailable`, nothing half-written, and what is kept is read', async () => {
    const broker = openBroker(server.url);
    const at = await say(broker, log, 'a');
    await admin('CONFIG', 'SET', 'maxmemory', '1mb');
    try {
      expect(await faultOf(say(broker, log, 'b'))).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('OOM'),
      });
      expect(await broker.read(log, 'start', 10)).toMatchObject({ entries: [{ key: 'a' }], top: at });
      expect((await broker.tops([userLog(`new ${log}`)])).size).toBe(1);
    } finally {
      await admin('CONFIG', 'SET', 'maxmemory', '0');
    }
    await say(broker, log, 'b');
    expect(await keysOf(broker, log)).toEqual(['a', 'b']);
  });

  test.each(['allkeys-lru', 'volatile-ttl'])(
    'and would evict by %s is not healthy, and says what to set',
    async (policy) => {
      const broker = openBroker(server.url);
      const { since } = await broker.health();
      await admin('CONFIG', 'SET', 'maxmemory-policy', policy);
      try {
        const health = await broker.health();
        expect(health).toMatchObject({ ok: false, reason: expect.stringContaining(`${policy}, set noeviction`) });
        expect(health.since).toBeGreaterThanOrEqual(since);
        expect((await broker.health()).since).toBe(health.since);
      } finally {
        await admin('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      }
      expect((await broker.health()).ok).toBe(true);
    },
  );
});

test('keys that hold something else are refused, and not overwritten', async () => {
  const broker = openBroker(server.url);
  await admin('SET', `flow:{${log}}`, 'theirs');
  expect((await faultOf(say(broker, log, 'a'))).code).toBe('refused');
  await admin('DEL', `flow:{${log}}`);
  await admin('HSET', `flow:{${log}}`, 'epoch', 'no:epoch', 'count', 'x', 'tag', '', 'bytes', '0');
  expect((await faultOf(say(broker, log, 'a'))).code).toBe('refused');
  expect((await faultOf(broker.read(log, 'start', 10))).code).toBe('refused');
});

test('functions that were taken away are loaded again', async () => {
  const broker = openBroker(server.url);
  await say(broker, log, 'a');
  await admin('FUNCTION', 'FLUSH');
  await Promise.all(['b', 'c', 'd'].map((key) => say(broker, log, key)));
  expect((await keysOf(broker, log)).sort()).toEqual(['a', 'b', 'c', 'd']);
});

function append(broker: Broker, key: string, data: string): Promise<Position | null> {
  return broker.append(log, { key, event: 'said', data: data as EncodedJson });
}

async function serverTime(): Promise<number> {
  const [seconds, micros] = (await admin('TIME')) as [string, string];
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}
