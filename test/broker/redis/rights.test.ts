import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REDIS_LIBRARY } from 'message-flow/broker/redis';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import {
  COMMANDS,
  claimsOf,
  createFaults,
  faultOf,
  keysOf,
  listen,
  openBroker,
  PLACES,
  RIGHTS,
  say,
} from './redis-world.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
  await server.admin('FUNCTION', 'LOAD', REDIS_LIBRARY);
}, 120_000);
afterAll(() => server.remove());

/** Makes an account, and gives the URL with it. */
async function createAccount(name: string, commands: readonly string[]): Promise<string> {
  await server.admin('ACL', 'SETUSER', name, 'reset', 'on', '>secret', ...PLACES, ...commands.map((one) => `+${one}`));
  return `redis://${name}:secret@127.0.0.1:${server.port}`;
}

/** Does once all that a broker does, and waits so long until Redis says that a channel is left, of which nobody else tells. */
async function useAll(url: string, patienceMs: number): Promise<void> {
  const log = userLog(url);
  const broker = openBroker(url, { messages: { maxEntries: 1 } });
  const heard: string[] = [];
  const stop = await broker.tail(log, ({ key }) => void heard.push(key));
  await say(broker, log, 'a', 'b');
  await until(() => heard.length === 2, 'both to be heard');
  expect(await keysOf(broker, log)).toEqual(['b']);
  expect(await broker.health()).toMatchObject({ ok: true });
  stop();
  const isLeft = async () => {
    const [, listeners] = (await server.admin('PUBSUB', 'SHARDNUMSUB', `flow:0:{${log}}`)) as [string, number];
    return listeners === 0;
  };
  await until(isLeft, 'the channel to be left', patienceMs);
}

describe('a broker with the least rights conforms', () => {
  let url = '';
  beforeAll(async () => {
    url = await createAccount('flow', COMMANDS);
  });
  const faults = createFaults((...command) => server.admin(...command));
  for (const { name, run } of claimsOf(() => url, faults)) test(name, run, 60_000);
});

describe('an account with the least rights', () => {
  test('is what the documentation says', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/redis.md'), 'utf8');
    expect(text).toContain(`ACL SETUSER flow on >PASSWORD ${RIGHTS.join(' ')}\n`);
  });

  test('does all that a broker does', async () => {
    await useAll(await createAccount('all', COMMANDS), 20_000);
  });

  test.each(COMMANDS)('needs %s', async (command) => {
    const url = await createAccount(
      `no-${command}`,
      COMMANDS.filter((one) => one !== command),
    );
    await expect(useAll(url, 500)).rejects.toThrow();
  });

  test.each([
    ['GET', 'theirs'],
    ['SET', 'theirs', '1'],
    ['SPUBLISH', 'theirs', '1'],
    ['CONFIG', 'GET', '*'],
    ['FUNCTION', 'FLUSH'],
  ])('may not %s %s', async (...command) => {
    await createAccount('bounded', COMMANDS);
    expect(await server.admin('ACL', 'DRYRUN', 'bounded', ...command)).toMatch(/has no permissions/);
  });
});

test('an account that may not load what is missing is told so, and who may', async () => {
  const url = await createAccount('later', COMMANDS);
  const broker = openBroker(url);
  await server.admin('FUNCTION', 'FLUSH');
  const { code, message } = await faultOf(say(broker, userLog('later'), 'a'));
  expect([code, message]).toEqual(['refused', expect.stringContaining('let another load REDIS_LIBRARY')]);
  await server.admin('FUNCTION', 'LOAD', REDIS_LIBRARY);
  await say(broker, userLog('later'), 'a');
});

test('who may not listen is refused a tail, and says which right is missing', async () => {
  const url = await createAccount(
    'deaf',
    COMMANDS.filter((one) => one !== 'ssubscribe'),
  );
  const { code, message } = await faultOf(listen(openBroker(url), userLog('deaf')));
  expect([code, message]).toEqual(['refused', expect.stringContaining("'ssubscribe'")]);
});
