import type { BrokerFaults } from 'message-flow/broker/conformance';
import { REDIS_LIBRARY } from 'message-flow/broker/redis';
import type { LogName } from 'message-flow/protocol';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFollower, type Follower } from '../../../src/broker/conformance/follower.ts';
import { slotOf } from '../../../src/broker/redis/slots.ts';
import { type RedisCluster, startRedisCluster } from '../../support/redis-group.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { claimsOf, createFaults, faultOf, keysOf, listen, openBroker, openServer, RIGHTS, say } from './redis-world.ts';

const PATIENCE_MS = 30_000;
const LIMIT_MS = 180_000;
/** How long a server that is killed is waited for. */
const DOWN_AFTER_MS = 1_000;

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster('secret');
}, LIMIT_MS);
afterAll(() => cluster.remove());

/** Does a fault to every server, or to the one that has the log. */
const faults: BrokerFaults = {
  async cutLive(broker) {
    for (const server of cluster.servers) await createFaults(server.admin).cutLive?.(broker);
  },
  async trim(broker, log) {
    await createFaults((await cluster.ownerOf(`{${log}}`)).admin).trim(broker, log);
  },
  async reset(broker) {
    for (const server of cluster.servers) await createFaults(server.admin).reset(broker);
    return broker;
  },
};

/** A log of each server, in the order of servers. */
async function findLogs(name: string): Promise<LogName[]> {
  const logs: LogName[] = [];
  for (const server of cluster.servers) {
    for (let i = 0; ; i++) {
      const log = userLog(`${name} ${i}`);
      if ((await cluster.ownerOf(`{${log}}`)) !== server) continue;
      logs.push(log);
      break;
    }
  }
  return logs;
}

/** Moves a slot with all in it, while the cluster is in use. */
async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  const [fromId, toId] = await Promise.all([from, to].map((server) => server.admin('CLUSTER', 'MYID')));
  await to.admin('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId as string);
  await from.admin('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId as string);
  for (;;) {
    const keys = (await from.admin('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length === 0) break;
    await from.admin('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'AUTH', 'secret', 'KEYS', ...keys);
  }
  for (const server of [to, from, ...cluster.servers.filter((one) => one !== to && one !== from)])
    await server.admin('CLUSTER', 'SETSLOT', slot, 'NODE', toId as string);
}

describe('a broker on a cluster conforms', () => {
  for (const { name, run } of claimsOf(() => cluster.url, faults)) test(name, run, 60_000);
});

describe('a broker on a cluster', () => {
  test(
    'counts slots as the cluster does',
    async () => {
      for (const log of await findLogs('slots')) {
        expect(await cluster.servers[0]?.admin('CLUSTER', 'KEYSLOT', `flow:{${log}}`)).toBe(slotOf(`flow:{${log}}`));
      }
    },
    LIMIT_MS,
  );

  test(
    'tells an entry where its log is, and nothing to the other servers',
    async () => {
      const logs = await findLogs('sharded');
      const broker = openBroker(cluster.url, { probeIntervalMs: 3_600_000 }); // a probe would be a channel more
      const heard = await Promise.all(logs.map((log) => listen(broker, log)));
      for (const log of logs) await say(broker, log, 'a', 'b');
      await until(() => heard.every((entries) => entries.length === 2), 'all to be heard');
      for (const [i, server] of cluster.servers.entries()) {
        expect(await server.admin('PUBSUB', 'SHARDCHANNELS')).toEqual([`flow:0:{${logs[i]}}`]);
        expect(String(await server.admin('CLUSTER', 'INFO'))).not.toContain('cluster_stats_messages_publish_sent');
      }
    },
    LIMIT_MS,
  );

  test(
    'whose library is on no server yet, or lost on one, has it loaded on all',
    async () => {
      const logs = await findLogs('library');
      for (const server of cluster.servers) await server.admin('FUNCTION', 'FLUSH');
      const broker = openBroker(cluster.url);
      await Promise.all(logs.map((log) => say(broker, log, 'a')));
      await cluster.servers[1]?.admin('FUNCTION', 'FLUSH');
      await Promise.all(logs.map((log) => say(broker, log, 'b')));
      for (const log of logs) expect(await keysOf(broker, log)).toEqual(['a', 'b']);
    },
    LIMIT_MS,
  );

  test(
    'follows a log whose slot moves to another server while entries flow: none is missed',
    async () => {
      const [log = userLog('none')] = await findLogs('moving');
      const [from, to] = cluster.servers as [RedisServer, RedisServer];
      const [broker, speaker] = [openBroker(cluster.url), openBroker(cluster.url)];
      const follower = await createFollower(broker, log, await saySoon('begin'), PATIENCE_MS);
      const interrupted: unknown[] = [];
      broker.on('interrupted', (logs) => interrupted.push(...logs));
      let isMoving = true;
      const speaking = (async () => {
        const keys: string[] = [];
        for (let i = 0; isMoving; i++) {
          keys.push(`${i}`);
          await saySoon(`${i}`);
        }
        return keys;
      })();
      await follower.has(10);
      await moveSlot(slotOf(`flow:{${log}}`), from, to);
      await until(() => interrupted.includes(log), 'the interruption', PATIENCE_MS);
      isMoving = false;
      const keys = await speaking;
      await saySoon('end');
      await follower.has(keys.length + 1);
      expect([follower.entries.map(({ key }) => key), follower.gaps]).toEqual([[...keys, 'end'], []]);
      expect(await from.admin('PUBSUB', 'SHARDCHANNELS')).toEqual([]);
      expect(await to.admin('PUBSUB', 'SHARDCHANNELS')).toContain(`flow:0:{${log}}`);

      function saySoon(key: string) {
        return until(() => say(speaker, log, key).catch(() => undefined), `"${key}"`, PATIENCE_MS);
      }
    },
    LIMIT_MS,
  );

  test(
    'whose slot went to a server that then stands still misses nothing of what comes once it goes on',
    async () => {
      const logs = await findLogs('halted');
      const [log = userLog('none'), other = userLog('none')] = logs;
      const [from, to] = cluster.servers as [RedisServer, RedisServer];
      const [broker, speaker] = [openBroker(cluster.url, { timeoutMs: 300 }), openBroker(cluster.url)];
      const at = await say(speaker, log, 'a');
      const startFollower = () => createFollower(broker, log, at, PATIENCE_MS).catch(() => undefined);
      const follower = await until(startFollower, 'a tail', PATIENCE_MS);
      await say(speaker, other, 'a');
      await moveSlot(slotOf(`flow:{${log}}`), from, to);
      to.signal('SIGSTOP');
      await until(async () => !(await broker.health()).ok, 'the halt to be noticed', PATIENCE_MS);
      await until(async () => !(await broker.health()).ok, 'it to be tried again', PATIENCE_MS);
      to.signal('SIGCONT');
      await until(() => say(speaker, log, 'b').catch(() => undefined), 'an append', PATIENCE_MS);
      await follower.has(1);
      expect([follower.entries.map(({ key }) => key), follower.gaps]).toEqual([['b'], []]);
    },
    LIMIT_MS,
  );

  test(
    'needs two rights more than one on a single server',
    async () => {
      for (const server of cluster.servers) {
        await server.admin(
          'ACL',
          'SETUSER',
          'flow',
          'reset',
          'on',
          '>secret',
          ...RIGHTS,
          '+cluster|slots',
          '+cluster|info',
        );
        await server.admin('FUNCTION', 'LOAD', 'REPLACE', REDIS_LIBRARY);
      }
      const broker = openBroker(cluster.url.replace('://:', '://flow:'));
      for (const log of await findLogs('rights')) {
        const heard = await listen(broker, log);
        await say(broker, log, 'a');
        await until(() => heard.length === 1, 'the entry');
      }
      expect(await broker.health()).toMatchObject({ ok: true });
    },
    LIMIT_MS,
  );

  test(
    'is not well where the cluster was taken for one server, and the other way about',
    async () => {
      const [server] = cluster.servers;
      const single = openBroker(`redis://:secret@127.0.0.1:${server?.port}`);
      expect(await single.health()).toMatchObject({ ok: false, reason: expect.stringContaining('redis+cluster://') });
      const alone = await openServer();
      const other = openBroker(alone.url.replace('redis:', 'redis+cluster:'));
      expect(await other.health()).toMatchObject({
        ok: false,
        reason: expect.stringContaining('cluster support disabled'),
      });
    },
    LIMIT_MS,
  );

  test(
    'of which a server is killed and comes back: its logs are `unavailable` meanwhile, then followed without a gap',
    async () => {
      const logs = await findLogs('killed');
      const [broker, speaker] = [openBroker(cluster.url), openBroker(cluster.url)];
      const followers: Follower[] = [];
      for (const log of logs)
        followers.push(await createFollower(broker, log, await say(speaker, log, 'a'), PATIENCE_MS));
      const [log = userLog('none')] = logs;
      await cluster.setDownAfter(DOWN_AFTER_MS);
      await cluster.servers[0]?.end('SIGKILL');
      expect((await faultOf(say(speaker, log, 'b'))).code).toBe('unavailable');
      const isTold = async () => /^Redis serves \d+ slots of its cluster/.test((await broker.health()).reason ?? '');
      await until(isTold, 'health to tell', PATIENCE_MS);
      await cluster.servers[0]?.start();
      for (const one of logs) {
        await until(() => say(speaker, one, 'c').catch(() => undefined), 'the cluster to be whole', PATIENCE_MS);
      }
      for (const follower of followers) {
        await follower.has(1);
        expect(follower.gaps).toEqual([]);
        expect(follower.entries.map(({ key }) => key).at(-1)).toBe('c');
      }
      await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    },
    LIMIT_MS,
  );

  test(
    'of which a leader dies and its replica takes over: its logs are followed there, without a gap',
    async () => {
      const [leader] = cluster.servers as [RedisServer];
      const replica = await startRedisServer({ password: 'secret', isInCluster: true });
      try {
        await replica.admin('CLUSTER', 'MEET', '127.0.0.1', leader.port);
        const leaderId = (await leader.admin('CLUSTER', 'MYID')) as string;
        const asReplica = () => replica.admin('CLUSTER', 'REPLICATE', leaderId).catch(() => undefined);
        await until(asReplica, 'the replica to know its leader', PATIENCE_MS);
        const isLinked = async () => String(await replica.admin('INFO')).includes('master_link_status:up');
        await until(isLinked, 'the replica to have all', PATIENCE_MS);
        const [broker, speaker] = [openBroker(cluster.url), openBroker(cluster.url)];
        const [log = userLog('none')] = await findLogs('taken over');
        const follower = await createFollower(broker, log, await say(speaker, log, 'a'), PATIENCE_MS);
        await leader.admin('WAIT', 1, 10_000);
        await cluster.setDownAfter(DOWN_AFTER_MS);
        await leader.end('SIGKILL');
        await until(() => say(speaker, log, 'b').catch(() => undefined), 'the replica to lead', PATIENCE_MS);
        await follower.has(1);
        const isHeard = async () =>
          ((await replica.admin('PUBSUB', 'SHARDCHANNELS')) as string[]).includes(`flow:0:{${log}}`);
        await until(isHeard, 'the log to be followed there', PATIENCE_MS);
        await say(speaker, log, 'c');
        await follower.has(2);
        expect([follower.entries.map(({ key }) => key), follower.gaps]).toEqual([['b', 'c'], []]);
      } finally {
        await replica.remove();
      }
    },
    LIMIT_MS,
  );
});
