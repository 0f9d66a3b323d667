import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countKeys, entryOf } from '../../../src/broker/conformance/world.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
}, TIMEOUT_MS);

afterAll(() => server?.remove());

interface Connection {
  readonly out_msgs: number;
  readonly subscriptions_list?: readonly string[];
}

/** What the server says of its clients. */
async function listConnections(): Promise<readonly Connection[]> {
  const response = await fetch(`${server.monitorUrl}/connz?subs=1`);
  return ((await response.json()) as { connections: Connection[] }).connections;
}

/** What the server sent to the one client that follows, or to the one that follows nothing. */
async function countSent(isFollowing: boolean): Promise<number> {
  const found = (await listConnections()).filter(
    ({ subscriptions_list: subjects = [] }) => isFollowing === subjects.some((subject) => subject.includes('.live.')),
  );
  return found.reduce((sum, connection) => sum + connection.out_msgs, 0);
}

test(
  'of logs that nobody follows the server sends nothing to a gateway',
  async () => {
    const [ada, grace] = [userLog('ada'), userLog('grace')];
    const gateway = openNatsBroker(server.url, { tailCheckMs: 10 * PATIENCE_MS });
    const backend = openNatsBroker(server.url, { tailCheckMs: 10 * PATIENCE_MS });
    const heard: string[] = [];
    await gateway.tail(ada, ({ key }) => heard.push(key));
    await backend.append(ada, entryOf('first'));
    await until(() => heard.length === 1, 'the first entry', PATIENCE_MS);
    const before = await countSent(true);
    for (const key of countKeys(50)) await backend.append(grace, entryOf(key));
    await backend.append(ada, entryOf('last'));
    await until(() => heard.length === 2, 'the last entry', PATIENCE_MS);
    expect((await countSent(true)) - before).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  'a log that is followed by none any more has no subscription at the server',
  async () => {
    const broker = openNatsBroker(server.url);
    const stops = [await broker.tail(userLog('ada'), () => {}), await broker.tail(userLog('ada'), () => {})];
    const countTails = async () =>
      (await listConnections()).flatMap(({ subscriptions_list: subjects = [] }) =>
        subjects.filter((subject) => subject.endsWith('.user.ada')),
      ).length;
    await until(async () => (await countTails()) === 1, 'one subscription for both', PATIENCE_MS);
    for (const stop of stops) stop();
    await until(async () => (await countTails()) === 0, 'no subscription', PATIENCE_MS);
  },
  TIMEOUT_MS,
);
