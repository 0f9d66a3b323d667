import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFaultLine } from '../../support/fault-line.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import type { Engine } from '../engine.ts';

const APPEND_ONLY = 'appendonlydir';

/** Redis as it is told to keep what it acknowledged. */
function createRedis(row: Pick<Engine, 'name' | 'says' | 'afterKill' | 'afterStop'>, args: readonly string[]): Engine {
  return {
    ...row,
    isEmbedded: false,
    hasLiveLine: true,
    hasSnapshots: args.includes('yes'),
    readVersion: () =>
      `Redis ${/v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]}`,
    async start(scope, { maxEntries }) {
      const server = await startRedisServer({ args });
      scope.defer(() => server.remove());
      return {
        url: server.url,
        brokerOptions: { messages: { maxEntries } },
        async openLine() {
          const line = await openFaultLine(server.port);
          scope.defer(() => line.close());
          return {
            ...line,
            url: `redis://127.0.0.1:${line.port}`,
            freeze(what) {
              if (what === 'live') line.freeze({ said: 'ssubscribe' });
              else line.freeze({ way: what === 'answers' ? 'answers' : 'both' });
            },
          };
        },
        end: (signal) => server.end(signal),
        start: () => server.start(),
        async copyData() {
          const copy = await mkdtemp(join(tmpdir(), 'message-flow-copy-'));
          scope.defer(() => rm(copy, { recursive: true, force: true }));
          await cp(join(server.folder, APPEND_ONLY), copy, { recursive: true });
          return async () => {
            await rm(join(server.folder, APPEND_ONLY), { recursive: true, force: true });
            await cp(copy, join(server.folder, APPEND_ONLY), { recursive: true });
          };
        },
      };
    },
  };
}

export const redis: Engine = createRedis(
  { name: 'redis', says: '`appendfsync always`', afterKill: 'all', afterStop: 'all' },
  ['--appendonly', 'yes', '--appendfsync', 'always'],
);

export const redisEverySecond: Engine = createRedis(
  { name: 'redis-everysec', says: '`appendfsync everysec`', afterKill: 'some', afterStop: 'all' },
  ['--appendonly', 'yes', '--appendfsync', 'everysec'],
);

export const redisInMemory: Engine = createRedis(
  { name: 'redis-memory', says: 'no file', afterKill: 'nothing', afterStop: 'nothing' },
  [],
);
