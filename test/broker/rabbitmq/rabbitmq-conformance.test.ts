import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { operate, type RabbitmqServer, type RabbitmqUser, startRabbitmqServer } from '../../support/rabbitmq-server.ts';
import { readFirstHealth } from '../first-health.ts';
import { openRabbitmqBroker, TIMEOUT_MS } from './open-rabbitmq-broker.ts';
import { claimsOf, createRabbitmqHarness, type RabbitmqHarness } from './rabbitmq-harness.ts';

const DOCUMENT = join(import.meta.dirname, '../../../docs/rabbitmq.md');
const PASSWORD = 'p@ss/w:rd';
const USER_INFO = `flow:${encodeURIComponent(PASSWORD)}@`;

let server: RabbitmqServer;
let harness: RabbitmqHarness;

/** The account with the least rights, as docs/rabbitmq.md shows it. */
function readDocumentedUser(): RabbitmqUser {
  const [, configure, write, read] =
    /set_permissions -p \/ flow '([^']*)' '([^']*)' '([^']*)'/.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  if (configure === undefined || write === undefined || read === undefined) {
    throw new Error(`Cannot find the account's rights: "${DOCUMENT}" shows none`);
  }
  return { name: 'flow', password: PASSWORD, configure, write, read };
}

/** Makes the streams, by the operator's rights, as whoever sets up a server does. */
async function createStreams(): Promise<void> {
  const maker = openRabbitmqBroker(server.url);
  await maker.tops([userLog('ada')]);
  await maker.close();
}

beforeAll(async () => {
  const deaf = { name: 'deaf', password: 'deaf', configure: '', write: '.*', read: '' };
  server = await startRabbitmqServer({ users: [readDocumentedUser(), deaf] });
  harness = createRabbitmqHarness(server, { userInfo: USER_INFO, prepare: createStreams });
}, TIMEOUT_MS);

afterAll(async () => {
  await harness?.close();
  await server?.remove();
});

const as = (userInfo: string) => server.url.replace('//', `//${userInfo}`);

describe('the account with the least rights', () => {
  test(
    'can not make the streams, and says so',
    async () => {
      const broker = openRabbitmqBroker(as(USER_INFO), { callTimeoutMs: 500 });
      const { ok, reason = '' } = await readFirstHealth(broker);
      expect([ok, reason]).toEqual([false, expect.stringContaining('Cannot make the streams: ')]);
      expect(reason).toMatch(/access to exchange 'message-flow' in vhost '\/' refused for user 'flow'/);
      expect(reason).not.toContain(PASSWORD);
    },
    TIMEOUT_MS,
  );

  for (const { name, run } of claimsOf(() => harness)) test(name, run, TIMEOUT_MS);

  test.each([
    ['remove a stream', 'deleteQueue', ['message-flow-messages']],
    ['empty a stream', 'purgeQueue', ['message-flow-messages']],
    ['remove the exchange', 'deleteExchange', ['message-flow']],
    ['make another queue', 'assertQueue', ['other']],
    ['read another queue', 'get', ['others']],
    ['hear the exchange', 'bindQueue', ['message-flow-messages', 'message-flow', 'other']],
  ] as const)('may not %s', async (_, method, args) => {
    await operate(server.url, (channel) => channel.assertQueue('others'));
    const call = operate(as(USER_INFO), (channel) =>
      (channel[method] as (...all: readonly string[]) => Promise<unknown>)(...args),
    );
    await expect(call).rejects.toThrow(/ACCESS_REFUSED|NOT_IMPLEMENTED/);
  });
});

test(
  'an account that may not read is told so, and its password is in no error',
  async () => {
    await createStreams();
    const broker = openRabbitmqBroker(as('deaf:deaf@'), { callTimeoutMs: 500 });
    const { ok, reason } = await readFirstHealth(broker);
    expect([ok, reason]).toEqual([false, expect.stringMatching(/access to queue .* refused for user 'deaf'/)]);
  },
  TIMEOUT_MS,
);

test(
  'wrong credentials are a reason, which names none of them',
  async () => {
    const broker = openRabbitmqBroker(as('flow:hunter2@'), { callTimeoutMs: 500 });
    const { ok, reason = '' } = await readFirstHealth(broker);
    const error = await broker.append(userLog('ada'), entryOf('a')).catch((fault: unknown) => fault);
    expect([ok, reason]).toEqual([false, expect.stringContaining('it refuses these credentials')]);
    expect(error).toMatchObject({ name: 'BrokerError', code: 'unavailable' });
    expect(`${reason}${error}`).not.toContain('hunter2');
  },
  TIMEOUT_MS,
);

test(
  'a vhost that is not there is a reason',
  async () => {
    const broker = openRabbitmqBroker(`${server.url}/nowhere`, { callTimeoutMs: 500 });
    expect(await readFirstHealth(broker)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no such vhost'),
    });
  },
  TIMEOUT_MS,
);
