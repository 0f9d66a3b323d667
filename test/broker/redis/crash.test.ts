import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Broker } from 'message-flow/broker';
import { type LogName, type Position, userLog } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import type { RawSocket } from '../../gateway/raw-socket.ts';
import { startGateway } from '../../gateway/test-gateway.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { keysOf, openBroker, openServer, say } from './redis-world.ts';

const ADA = userLog('ada');
const DURABLE = { args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] };
const PATIENCE_MS = 20_000;

describe('a server that writes every entry to its file', { timeout: 60_000 }, () => {
  test('keeps all that it acknowledged, killed in the middle of appends, three times', async () => {
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
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'ended by %s and started again, is gone on with from every position',
    async (signal) => {
      const server = await openServer(DURABLE);
      const { follower, gateway } = await follow(server);
      await say(gateway.broker, ADA, 'a', 'b');
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

test('a server that keeps nothing and is killed: every follower is told `reset`', { timeout: 60_000 }, async () => {
  const server = await openServer();
  const { follower, gateway } = await follow(server);
  const at = await say(gateway.broker, ADA, 'a', 'b');
  await sees(follower, (text) => text.includes(at), 'the entry');
  await server.end('SIGKILL');
  await server.start();
  await sees(follower, isReset, 'the reset');
  const late = await gateway.connect('ada', { [ADA]: at });
  await sees(late, isReset, 'the reset of one who was away');
  await saySoon(gateway.broker, ADA, 'c');
  for (const socket of [follower, late]) await sees(socket, (text) => text.includes(':1:'), 'what comes after');
});

test('a server that was put back to an older copy uses offsets again: every follower who had more is told `reset`', {
  timeout: 60_000,
}, async () => {
  const server = await openServer(DURABLE);
  const { follower, gateway } = await follow(server);
  const old = await say(gateway.broker, ADA, 'a', 'b');
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
});

/** A gateway on the server, and a screen that follows the user's log live. */
async function follow(server: RedisServer) {
  const gateway = await startGateway({ broker: openBroker(server.url, { timeoutMs: 1_000 }) });
  const follower = await gateway.connect('ada');
  await sees(follower, (text) => text.includes('"LIVE"') && text.includes(ADA), 'the log to be live');
  return { gateway, follower };
}

function sees(socket: RawSocket, fits: (text: string) => boolean, what: string): Promise<string> {
  return until(() => socket.texts.find(fits), what, PATIENCE_MS);
}

function isReset(text: string): boolean {
  return text.includes('"GAP"') && text.includes(ADA) && text.includes('"reset"');
}

/** Appends, as soon as Redis takes entries again. */
async function saySoon(broker: Broker, log: LogName, ...keys: readonly string[]): Promise<Position> {
  let at: Position | undefined;
  for (const key of keys) at = await until(() => say(broker, log, key).catch(() => undefined), `"${key}"`, PATIENCE_MS);
  return at as Position;
}

function readSoon(broker: Broker, log: LogName) {
  return until(() => broker.read(log, 'start', 1_000_000).catch(() => undefined), 'Redis to be read', PATIENCE_MS);
}
