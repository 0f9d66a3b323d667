import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Broker } from 'message-flow/broker';
import { type LogName, type Position, userLog } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

import { until } from '../../support/until.ts';
import { follow, isReset, saySoon, sees } from './followers.ts';
import { keysOf, openBroker, openServer, say } from './redis-world.ts';

const ADA = userLog('ada');
const DURABLE = { args: ['--appendonly', 'yes', '--appendfsync', 'always'] };
const PATIENCE_MS = 60_000;
const LIMIT_MS = 180_000;

describe('a server that writes every entry before it acknowledges it', () => {
  test(
    'keeps all that it acknowledged, killed in the middle of appends, three times',
    async () => {
      const server = await openServer(DURABLE);
      const broker = openBroker(server.url, { messages: { maxEntries: 1_000_000 } });
      const acknowledged = new Map<string, Position>();
      for (let kill = 1; kill <= 3; kill++) {
        let isUp = true;
        const speakers = Array.from({ length: 20 }, async (_, speaker) => {
          for (let i = 0; isUp; i++) {
            const key = `${kill} ${speaker} ${i}`;
            const at = await say(broker, ADA, key).catch(() => undefined);
            if (at) acknowledged.set(key, at);
          }
        });
        await until(() => acknowledged.size > kill * 1_000, 'entries to be acknowledged', PATIENCE_MS);
        await server.end('SIGKILL');
        isUp = false;
        await Promise.all(speakers);
        await server.start();
      }
      const { entries } = await readSoon(broker, ADA);
      const kept = new Map(entries.map(({ key, at }) => [key, at]));
      expect(kept.size).toBe(entries.length);
      expect([...acknowledged].filter(([key, at]) => kept.get(key) !== at)).toEqual([]);
    },
    LIMIT_MS,
  );

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'ended by %s and started again, is gone on with from every position',
    async (signal) => {
      const server = await openServer(DURABLE);
      const { follower, gateway } = await follow(openBroker(server.url));
      await saySoon(gateway.broker, ADA, 'a', 'b');
      await sees(follower, (text) => text.includes('"said"'), 'an entry');
      const { at = '' } = (await readSoon(gateway.broker, ADA)).entries[0] ?? {};
      await server.end(signal);
      await server.start();
      await saySoon(gateway.broker, ADA, 'c');
      const late = await gateway.connect('ada', { [ADA]: at });
      for (const socket of [follower, late]) {
        await sees(socket, (text) => text.includes(`"at":"${at.split(':')[0]}:3:`), 'the entry after it');
        expect(socket.texts.filter((text) => text.includes('"GAP"'))).toEqual([]);
      }
    },
  );
});

test(
  'a server that writes once a second acknowledges what it has not written: what is lost of that is told',
  async () => {
    const server = await openServer({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
    for (let kill = 1; kill <= 10; kill++) {
      const log = userLog(`ada ${kill}`);
      const broker = openBroker(server.url);
      const first = await saySoon(broker, log, 'a');
      const second = await saySoon(broker, log, 'b'); // waits in its memory, while what came first is being synced
      await server.end('SIGKILL');
      await server.start();
      const kept = (await readSoon(broker, log)).entries.map(({ at }) => at);
      for (const at of [first, second])
        expect((await broker.read(log, at, 10)).gap).toBe(kept.includes(at) ? undefined : 'reset');
    }
  },
  LIMIT_MS,
);

test(
  'a server that keeps nothing and is killed: every follower is told `reset`',
  async () => {
    const server = await openServer();
    const { follower, gateway } = await follow(openBroker(server.url));
    const at = await saySoon(gateway.broker, ADA, 'a', 'b');
    await sees(follower, (text) => text.includes(at), 'the entry');
    await server.end('SIGKILL');
    await server.start();
    await sees(follower, isReset, 'the reset');
    const late = await gateway.connect('ada', { [ADA]: at });
    await sees(late, isReset, 'the reset of one who was away');
    await saySoon(gateway.broker, ADA, 'c');
    for (const socket of [follower, late]) await sees(socket, (text) => text.includes(':1:'), 'what comes after');
  },
  LIMIT_MS,
);

test(
  'a server that was put back to an older copy uses offsets again: every follower who had more is told `reset`',
  async () => {
    const server = await openServer(DURABLE);
    const { follower, gateway } = await follow(openBroker(server.url));
    const old = await saySoon(gateway.broker, ADA, 'a', 'b');
    await server.end();
    const [data, copy] = [join(server.folder, 'appendonlydir'), join(server.folder, 'copy')];
    cpSync(data, copy, { recursive: true });
    await server.start();
    const at = await saySoon(gateway.broker, ADA, 'c', 'd');
    await sees(follower, (text) => text.includes(at), 'the last entry');
    await server.end();
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
    await server.start();

    const again = await saySoon(gateway.broker, ADA, 'e', 'f');
    expect(again.split(':').slice(0, 2)).toEqual(at.split(':').slice(0, 2));
    await sees(follower, isReset, 'the reset');
    const late = await gateway.connect('ada', { [ADA]: at });
    await sees(late, isReset, 'the reset of one who was away');
    // Who had nothing of what was lost goes on: that can be proven.
    const unharmed = await gateway.connect('ada', { [ADA]: old });
    await sees(unharmed, (text) => text.includes(again), 'the entries after its place');
    expect(unharmed.texts.some(isReset)).toBe(false);
    expect(await keysOf(gateway.broker, ADA)).toEqual(['a', 'b', 'e', 'f']);
  },
  LIMIT_MS,
);

function readSoon(broker: Broker, log: LogName) {
  return until(() => broker.read(log, 'start', 1_000_000).catch(() => undefined), 'Redis to be read', PATIENCE_MS);
}
