import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { readFirstHealth } from '../first-health.ts';
import { readDocumentedConfig } from './account.ts';
import { claimsOf, createNatsHarness, type NatsHarness } from './nats-harness.ts';
import { openNatsBroker, TIMEOUT_MS } from './open-nats-broker.ts';

const OPERATOR = { user: 'operator', pass: 'all-rights' };
const PASSWORD = 'p@ss/w:rd';
const USER_INFO = `flow:${encodeURIComponent(PASSWORD)}@`;
const CONFIG = readDocumentedConfig(OPERATOR.pass, PASSWORD);
/** One that may do all but hear. */
const DEAF = '{ user: deaf, password: deaf, permissions: { publish: [">"], subscribe: ["message-flow.inbox.>"] } }';

let server: NatsServer;
let harness: NatsHarness;

/** Makes the streams, by the operator's rights, as whoever sets up a server does. */
async function createStreams(): Promise<void> {
  const maker = openNatsBroker(server.url.replace('//', `//${OPERATOR.user}:${OPERATOR.pass}@`));
  await maker.tops([userLog('ada')]);
  await maker.close();
}

beforeAll(async () => {
  server = await startNatsServer(CONFIG.replace('users: [', `users: [ ${DEAF}`));
  harness = createNatsHarness(server, { userInfo: USER_INFO, operator: OPERATOR, prepare: createStreams });
}, TIMEOUT_MS);

afterAll(async () => {
  await harness?.close();
  await server?.remove();
});

describe('the account with the least rights', () => {
  test(
    'can not make the streams, and says so',
    async () => {
      const broker = openNatsBroker(server.url.replace('//', `//${USER_INFO}`), { callTimeoutMs: 500 });
      const { ok, reason = '' } = await readFirstHealth(broker);
      expect([ok, reason]).toEqual([false, expect.stringContaining('no right to publish "$JS.API.STREAM.CREATE.')]);
      expect(reason).not.toContain(PASSWORD);
    },
    TIMEOUT_MS,
  );

  for (const { name, run } of claimsOf(() => harness)) test(name, run, TIMEOUT_MS);

  test.each(['STREAM.DELETE.message-flow-messages', 'STREAM.PURGE.message-flow-messages', 'STREAM.NAMES', 'INFO'])(
    'may not %s',
    async (call) => {
      const hand = await openNatsOperator(server.url, {
        user: 'flow',
        pass: PASSWORD,
        inboxPrefix: 'message-flow.inbox',
      });
      await expect(hand.call(call)).rejects.toThrow(/permissions violation/i);
      await hand.close();
    },
  );
});

test(
  'the operator may not take anything out of the middle of a log either',
  async () => {
    await createStreams();
    const hand = await openNatsOperator(server.url, OPERATOR);
    await expect(hand.call('STREAM.PURGE.message-flow-messages', { filter: 'x' })).rejects.toThrow('not permitted');
    await expect(hand.call('STREAM.MSG.DELETE.message-flow-messages', { seq: 1 })).rejects.toThrow('not permitted');
    await hand.close();
  },
  TIMEOUT_MS,
);

test(
  'an account that may not hear a log is `refused`, and does all else',
  async () => {
    await createStreams();
    const broker = openNatsBroker(server.url.replace('//', '//deaf:deaf@'));
    await expect(broker.tail(userLog('ada'), () => {})).rejects.toMatchObject({ name: 'BrokerError', code: 'refused' });
    expect(await broker.append(userLog('ada'), entryOf('a'))).not.toBeNull();
    expect((await broker.health()).ok).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  'wrong credentials are a reason, which names none of them',
  async () => {
    const broker = openNatsBroker(server.url.replace('//', '//flow:hunter2@'), { callTimeoutMs: 500 });
    const { ok, reason = '' } = await readFirstHealth(broker);
    expect([ok, reason]).toEqual([false, expect.stringContaining('it refuses these credentials')]);
    const error = await broker.append(userLog('ada'), entryOf('a')).catch((fault: unknown) => fault);
    expect(`${reason} ${String(error)} ${JSON.stringify(error)}`).not.toMatch(/hunter2/);
  },
  TIMEOUT_MS,
);

test(
  'an account that lost the right to hear a log while it follows is not healthy, and says why',
  async () => {
    await createStreams();
    const broker = openNatsBroker(server.url.replace('//', '//deaf:deaf@'));
    const rightful = CONFIG.replace('users: [', 'users: [ { user: deaf, password: deaf }');
    await server.reload(rightful);
    await broker.tail(userLog('ada'), () => {});
    await server.reload(CONFIG.replace('users: [', `users: [ ${DEAF}`));
    const isTold = async () => (await broker.health()).reason?.includes('no right to hear "user/ada"');
    expect(await until(isTold, 'the right to be missed', TIMEOUT_MS)).toBe(true);
  },
  TIMEOUT_MS,
);
