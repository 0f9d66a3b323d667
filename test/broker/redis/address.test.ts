import { createBroker } from 'message-flow/broker';
import { userLog } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { readRedisUrl } from '../../../src/broker/redis/address.ts';
import { openBroker, openServer, say } from './redis-world.ts';

const read = (url: string, isDevelopment = false) => readRedisUrl(new URL(url), { isDevelopment });
const NOBODY = { username: undefined, password: undefined };
const ME = { username: 'me', password: 'p:@/?#%' };
const SAFE = 'me:p%3A%40%2F%3F%23%25@';

describe('the URL of a broker on Redis', () => {
  test.each([
    ['redis://localhost', { type: 'server', server: { host: 'localhost', port: 6379 }, db: 0, account: NOBODY }],
    ['redis://127.0.0.1:1234/3', { type: 'server', server: { host: '127.0.0.1', port: 1234 }, db: 3 }],
    ['redis://[::1]:1234', { type: 'server', server: { host: '::1', port: 1234 } }],
    [`redis://${SAFE}example.com`, { server: { host: 'example.com', port: 6379 }, account: ME, isEncrypted: false }],
    [`rediss://:secret@example.com`, { account: { username: undefined, password: 'secret' }, isEncrypted: true }],
    ['redis:///run/redis/redis.sock', { type: 'socket', path: '/run/redis/redis.sock', db: 0 }],
    ['redis:///run/redis%20a.sock?db=2', { type: 'socket', path: '/run/redis a.sock', db: 2 }],
    [
      `redis+cluster://${SAFE}a?node=b:7001&node=[::2]:7002`,
      {
        ...{ type: 'cluster', account: ME, isEncrypted: false },
        servers: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
          { host: '::2', port: 7002 },
        ],
      },
    ],
    [
      `rediss+sentinel://${SAFE}a/main?node=b&db=1&sentinelUsername=you&sentinelPassword=p%26q`,
      {
        ...{ type: 'sentinel', leader: 'main', db: 1, isEncrypted: true, account: ME },
        sentinels: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 26_379 },
        ],
        sentinelAccount: { username: 'you', password: 'p&q' },
      },
    ],
  ])('%s is understood', (url, address) => {
    expect(read(url)).toMatchObject(address);
  });

  test.each([
    ['redis:', 'host and port'],
    ['redis://', 'host and port'],
    ['redis+cluster:///a', 'host and port'],
    ['redis+cluster://localhost?node=b:x', 'host and port'],
    ['redis+cluster://localhost?node=', 'host and port'],
    ['redis+cluster://localhost/1', 'a cluster has one database'],
    ['redis+sentinel://localhost', 'name the leader'],
    ['redis://localhost/a', 'its database is no whole number'],
    ['redis://localhost/-1', 'its database is no whole number'],
    ['redis:///run/redis.sock?db=1.5', 'its database is no whole number'],
    ['redis://localhost?db=1', 'there is no "db"'],
    ['redis://localhost?node=b', 'there is no "node"'],
    ['redis+sentinel://localhost/main?pasword=x', 'there is no "pasword"'],
    ['redis://:50%@localhost', 'not percent-encoded'],
    ['redis://localhost/0#x', '%23'],
  ])('%s is refused: %s', (url, reason) => {
    expect(() => createBroker(url)).toThrow(RangeError);
    expect(() => createBroker(url)).toThrow(reason);
  });

  test.each([
    'redis://example.com',
    'redis://me@example.com',
    'redis://127.example.com',
    'redis://0.0.0.0',
    'redis://10.0.0.1',
    'rediss://example.com',
    'redis+cluster://localhost?node=example.com:1',
    'redis+sentinel://example.com/main?sentinelPassword=x',
    'redis+sentinel://me:secret@localhost/main?node=example.com:1',
  ])('%s, off this machine and without a password, is refused but in development', (url) => {
    expect(() => createBroker(url)).toThrow(RangeError);
    expect(read(url, true)).toBeTruthy();
  });

  test.each([
    'redis://me:hunter2@localhost/x',
    'redis://me:1/hunter2@localhost',
    'redis://me:hunter2@localhost?password=hunter2',
    'redis://me?hunter2@localhost',
    'redis+sentinel://localhost/main?sentinelPassword=a@hunter2&db=x',
    'redis+sentinel://me:hunter2@example.com/main?sentinelUsername=hunter2',
    'redis+sentinel://me:hunter2@localhost/main?hunter=hunter2',
  ])('%s is refused without its secrets', (url) => {
    expect(() => createBroker(url)).toThrow(RangeError);
    expect(() => createBroker(url)).not.toThrow(/hunter2/);
  });
});

test('a server at a Unix socket is reached, in its database', async () => {
  const server = await openServer({ args: ['--unixsocket', 'redis.sock'] });
  const log = userLog('ada');
  const at = await say(openBroker(`redis://${server.folder}/redis.sock?db=2`), log, 'a');
  expect((await openBroker(`${server.url}/2`).tops([log])).get(log)).toBe(at);
}, 120_000);
