import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { until } from './until.ts';

const PATIENCE_MS = 60_000;
/** A server that stands still for less has not fallen: the machine may be busy. A test in which one falls says a shorter time. */
const DOWN_AFTER_MS = 15_000;

/** A leader with a replica, and three sentinels that watch them. */
export interface RedisSentinels {
  readonly leader: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  readonly url: string;
  /** From now on a server that is silent for so long has fallen. */
  setDownAfter(ms: number): Promise<void>;
  /** Resolves once the sentinels agree that this server leads. */
  untilLed(by: RedisServer): Promise<void>;
  remove(): Promise<void>;
}

/** Starts five processes; servers and sentinels have a password each. */
export async function startRedisSentinels(password: string, sentinelPassword: string): Promise<RedisSentinels> {
  const leader = await startRedisServer({ password });
  const replica = await startRedisServer({ password, args: ['--replicaof', '127.0.0.1', `${leader.port}`] });
  await until(
    async () => String(await replica.admin('INFO')).includes('master_link_status:up'),
    'the replica',
    PATIENCE_MS,
  );
  const lines = [
    `sentinel monitor main 127.0.0.1 ${leader.port} 2`,
    `sentinel auth-pass main ${password}`,
    `sentinel sentinel-pass ${sentinelPassword}`,
    `sentinel down-after-milliseconds main ${DOWN_AFTER_MS}`,
    'sentinel failover-timeout main 3000',
  ];
  const sentinels = await Promise.all(
    Array.from({ length: 3 }, () => startRedisServer({ password: sentinelPassword, sentinel: lines })),
  );
  for (const sentinel of sentinels) {
    const knows = async () => {
      const text = JSON.stringify(await sentinel.admin('SENTINEL', 'MASTER', 'main'));
      return text.includes('"num-other-sentinels","2"') && text.includes('"num-slaves","1"');
    };
    await until(knows, 'the sentinels to know all others', PATIENCE_MS);
  }
  const [first, ...others] = sentinels.map(({ port }) => `127.0.0.1:${port}`);
  const nodes = others.map((place) => `node=${place}&`).join('');
  return {
    leader,
    replica,
    sentinels,
    url: `redis+sentinel://:${password}@${first}/main?${nodes}sentinelPassword=${sentinelPassword}`,
    async setDownAfter(ms) {
      for (const sentinel of sentinels) await sentinel.admin('SENTINEL', 'SET', 'main', 'down-after-milliseconds', ms);
    },
    async untilLed(by) {
      for (const sentinel of sentinels) {
        const leads = async () => {
          const place = await sentinel.admin('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main').catch(() => []);
          return (place as string[])[1] === `${by.port}`;
        };
        await until(leads, 'the sentinels to name another leader', PATIENCE_MS);
      }
    },
    async remove() {
      await Promise.all([leader, replica, ...sentinels].map((server) => server.remove()));
    },
  };
}

/** Servers that share their slots. */
export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  readonly url: string;
  /** From now on a server that is silent for so long has fallen. */
  setDownAfter(ms: number): Promise<void>;
  /** The server that has a key's slot. */
  ownerOf(key: string): Promise<RedisServer>;
  remove(): Promise<void>;
}

/** Starts a cluster of three leaders. */
export async function startRedisCluster(password: string): Promise<RedisCluster> {
  const args = ['--cluster-node-timeout', `${DOWN_AFTER_MS}`, '--appendonly', 'yes', '--appendfsync', 'always'];
  const servers = await Promise.all(
    Array.from({ length: 3 }, () => startRedisServer({ password, args, isInCluster: true })),
  );
  const places = servers.map(({ port }) => `127.0.0.1:${port}`);
  const create = ['--cluster', 'create', ...places, '--cluster-replicas', '0', '--cluster-yes'];
  await promisify(execFile)('redis-cli', create, { env: { ...process.env, REDISCLI_AUTH: password } });
  for (const server of servers) {
    const isWell = async () => String(await server.admin('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await until(isWell, 'the cluster to be whole', PATIENCE_MS);
  }
  return {
    servers,
    url: `redis+cluster://:${password}@${places[0]}?node=${places[1]}&node=${places[2]}`,
    async setDownAfter(ms) {
      for (const server of servers) await server.admin('CONFIG', 'SET', 'cluster-node-timeout', ms);
    },
    async ownerOf(key) {
      const slot = Number(await servers[0]?.admin('CLUSTER', 'KEYSLOT', key));
      const ranges = (await servers[0]?.admin('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
      const [, , place] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
      return servers.find(({ port }) => port === place?.[1]) as RedisServer;
    },
    async remove() {
      await Promise.all(servers.map((server) => server.remove()));
    },
  };
}
