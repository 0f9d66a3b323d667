import { type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createFollower } from '../../src/broker/conformance/follower.ts';
import { entryOf, keysOf } from '../../src/broker/conformance/world.ts';
import { openRabbitmqBroker } from '../broker/rabbitmq/open-rabbitmq-broker.ts';
import { type RabbitmqCluster, startRabbitmqCluster } from '../support/rabbitmq-cluster.ts';
import { until } from '../support/until.ts';

const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 240_000;
let cluster: RabbitmqCluster;

beforeAll(async () => {
  cluster = await startRabbitmqCluster();
}, TIMEOUT_MS);

afterAll(() => cluster?.remove());

test(
  'when the leader is killed no acknowledged entry is lost, and who follows at it, or elsewhere, has all once',
  async () => {
    const log = userLog('ada');
    const [anyServer] = cluster.servers;
    if (!anyServer) throw new Error('the cluster has no servers');
    const maker = openRabbitmqBroker(cluster.urlOf(anyServer), { callTimeoutMs: PATIENCE_MS });
    const begin = (await maker.tops([log])).get(log) as Position;
    const leader = await cluster.findLeader('message-flow-messages');
    const other = cluster.servers.find((server) => server !== leader) as typeof leader;
    const brokers = [leader, other].map((server) =>
      openRabbitmqBroker(cluster.urlOf(server), { callTimeoutMs: PATIENCE_MS }),
    );
    const followers = await Promise.all(brokers.map((broker) => createFollower(broker, log, begin, PATIENCE_MS)));
    onTestFinished(() => {
      for (const { stop } of followers) stop();
    });
    const acknowledged: string[] = [];
    let isEnough = false;
    const appending = brokers.map(async (broker, speaker) => {
      for (let i = 0; !isEnough; i++) {
        await broker.append(log, entryOf(`${speaker} ${i}`));
        acknowledged.push(`${speaker} ${i}`);
      }
    });
    await until(() => acknowledged.length > 50, 'entries', PATIENCE_MS);
    await leader.stop('SIGKILL');
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 50, 'more entries', PATIENCE_MS);
    isEnough = true;
    await Promise.all(appending);
    for (const follower of followers) {
      await follower.has(acknowledged.length);
      expect([...keysOf(follower.entries)].sort()).toEqual([...acknowledged].sort());
      expect(follower.gaps).toEqual([]);
    }
    expect(keysOf(followers[0]?.entries ?? [])).toEqual(keysOf(followers[1]?.entries ?? []));
  },
  TIMEOUT_MS,
);
