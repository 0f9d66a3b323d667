import type { Position } from 'message-flow/protocol';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createFollower } from '../../src/broker/conformance/follower.ts';
import { countKeys, entryOf, keysOf } from '../../src/broker/conformance/world.ts';
import { openNatsBroker } from '../broker/nats/open-nats-broker.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import { openNatsOperator } from '../support/nats-server.ts';
import { until } from '../support/until.ts';

const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 120_000;
const STREAM = 'message-flow-messages';
let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, TIMEOUT_MS);

afterAll(() => cluster?.remove());

test(
  'many are read at once from whichever server the consumer is on',
  async () => {
    const log = userLog('many');
    const broker = openNatsBroker(cluster.urlOf(), { callTimeoutMs: PATIENCE_MS });
    await broker.append(log, entryOf('first'));
    await Promise.all(countKeys(200).map((key) => broker.append(log, entryOf(key))));
    for (const place of [0, 1, 2]) {
      const reader = openNatsBroker(cluster.urlOf(place), { callTimeoutMs: PATIENCE_MS });
      const { entries, gap } = await reader.read(log, 'start', 500);
      expect([gap, entries.length]).toEqual([undefined, 201]);
    }
  },
  TIMEOUT_MS,
);

test(
  'another leader is an interruption, for it sent nothing of what the old one stored last',
  async () => {
    const log = userLog('leader');
    const broker = openNatsBroker(cluster.urlOf(), { callTimeoutMs: PATIENCE_MS, tailCheckMs: 500 });
    const told: unknown[] = [];
    await broker.tail(log, () => {});
    await cluster.findLeader(STREAM);
    broker.on('interrupted', (logs) => told.push(logs));
    const hand = await openNatsOperator(cluster.servers[0]?.url ?? '');
    await hand.call(`STREAM.LEADER.STEPDOWN.${STREAM}`);
    await hand.close();
    await until(() => told.includes('all'), 'the interruption', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'what two servers lose between them is found, though nobody says another word',
  async () => {
    const log = userLog('lost');
    const writer = openNatsBroker(cluster.urlOf(1), { callTimeoutMs: PATIENCE_MS });
    const reader = openNatsBroker(cluster.urlOf(0), { callTimeoutMs: PATIENCE_MS });
    const follower = await createFollower(reader, log, (await reader.tops([log])).get(log) as Position, PATIENCE_MS);
    onTestFinished(follower.stop);
    await writer.append(log, entryOf('heard'));
    await follower.has(1);
    await leadElsewhere();
    for (const line of cluster.lines) line.freeze();
    await writer.append(log, entryOf('lost on the way'));
    for (const line of cluster.lines) line.cut();
    for (const line of cluster.lines) line.thaw();
    await follower.has(2);
    expect([keysOf(follower.entries), follower.gaps]).toEqual([['heard', 'lost on the way'], []]);
  },
  TIMEOUT_MS,
);

test(
  'when the leader is killed no acknowledged entry is lost, and who follows at another server has all',
  async () => {
    const log = userLog('kill');
    const broker = openNatsBroker(cluster.urlOf(), { callTimeoutMs: PATIENCE_MS });
    const top = (await broker.tops([log])).get(log) as Position;
    const leader = await cluster.findLeader(STREAM);
    const beside = (cluster.servers.indexOf(leader) + 1) % 3;
    const reader = openNatsBroker(cluster.urlOf(beside), { callTimeoutMs: PATIENCE_MS, tailCheckMs: 1_000 });
    const follower = await createFollower(reader, log, top, PATIENCE_MS);
    onTestFinished(follower.stop);
    const acknowledged = new Map<string, Position>();
    let isOver = false;
    const appending = (async () => {
      for (let i = 0; !isOver; i++) {
        const at = await broker.append(log, entryOf(`key ${i}`));
        if (at) acknowledged.set(`key ${i}`, at);
      }
    })();
    await until(() => acknowledged.size >= 100, 'appends', PATIENCE_MS);
    await leader.stop('SIGKILL');
    const before = acknowledged.size;
    await until(() => acknowledged.size >= before + 100, 'appends after it', PATIENCE_MS);
    isOver = true;
    await appending;
    const { entries, gap } = await reader.read(log, top, 10_000);
    expect([gap, entries.length]).toEqual([undefined, acknowledged.size]);
    expect(new Map(entries.map(({ key, at }) => [key, at]))).toEqual(acknowledged);
    await follower.has(entries.length);
    expect([keysOf(follower.entries), follower.gaps]).toEqual([keysOf(entries), []]);
    await leader.start();
  },
  TIMEOUT_MS,
);

test(
  'without a majority appends are `unavailable`, and come through when there is one again',
  async () => {
    const log = userLog('majority');
    const broker = openNatsBroker(cluster.urlOf(), { callTimeoutMs: 3_000 });
    await until(() => broker.append(log, entryOf('a')).catch(() => false), 'the first append', PATIENCE_MS);
    await Promise.all(cluster.servers.slice(1).map((server) => server.stop('SIGKILL')));
    await expect(broker.append(log, entryOf('b'))).rejects.toMatchObject({ code: 'unavailable' });
    // The leader that is left takes a while to notice that it leads nobody.
    await until(async () => !(await broker.health()).ok, 'the majority to be missed', PATIENCE_MS);
    for (const server of cluster.servers.slice(1)) await server.start();
    await until(() => broker.append(log, entryOf('b')).catch(() => false), 'an append', PATIENCE_MS);
    // A cluster that has taken an append may be without a leader again a moment later, on a busy machine.
    const read = await until(() => broker.read(log, 'start', 10).catch(() => false as const), 'a read', PATIENCE_MS);
    expect(keysOf(read.entries)).toEqual(['a', 'b']);
  },
  TIMEOUT_MS,
);

test(
  'who is at a leader that lost the others is told nothing that is not so, and goes on at another server',
  async () => {
    const log = userLog('lonely');
    const speaker = openNatsBroker(cluster.urlOf(1), { callTimeoutMs: PATIENCE_MS });
    await speaker.append(log, entryOf('a'));
    const [server] = cluster.servers;
    while ((await cluster.findLeader(STREAM)) !== server) await call(`STREAM.LEADER.STEPDOWN.${STREAM}`);
    const broker = openNatsBroker(cluster.urlOf(0), { callTimeoutMs: 5_000, tailCheckMs: 1_000 });
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    for (const line of cluster.lines) line.freeze();
    onTestFinished(() => {
      for (const line of cluster.lines) line.thaw();
    });
    const at = (await speaker.append(log, entryOf('b'))) as Position;
    const read = () => broker.read(log, at, 10).catch(() => false as const);
    expect((await until(read, 'a read', PATIENCE_MS)).gap).toBeUndefined();
    await until(() => broker.append(log, entryOf('c')).catch(() => false), 'an append', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

/** Calls the JetStream API, until it does. */
async function call(name: string): Promise<void> {
  const hand = await openNatsOperator(cluster.servers[1]?.url ?? '');
  await until(() => hand.call(name).catch(() => false), name, PATIENCE_MS);
  await hand.close();
}

/** Lets another than the first server lead. */
async function leadElsewhere(): Promise<void> {
  while ((await cluster.findLeader(STREAM)) === cluster.servers[0]) await call(`STREAM.LEADER.STEPDOWN.${STREAM}`);
}
