import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import type { RedisAddress } from './address.ts';
import type { Ioredis } from './load-ioredis.ts';

/** A connection to the leader, or to all leaders of a cluster. */
export type Client = Redis | Cluster;

/** Opens connections to where an address leads. They connect by themselves, again and again, and never throw for it. */
export interface Connections {
  /** For calls. Keeps nothing that was not sent: what can't be sent now fails now. */
  openClient(): Client;
  /** For a live end: to the leader, or to the one server of a cluster that is at `place`, `host:port`. */
  openLive(place: string): Redis;
}

const LONGEST_RETRY_MS = 2_000;
/** A connection that doesn't answer our farewell is ended, after so many milliseconds. */
const FAREWELL_MS = 200;
/** How often a cluster is asked again where a log is, 100 ms apart, while it moves. */
const MAX_REDIRECTIONS = 8;

/**
 * Creates what opens connections.
 * @param timeoutMs how long connecting may take, and a server may be silent that was asked, in milliseconds
 */
export function createConnections({ Redis, Cluster }: Ioredis, address: RedisAddress, timeoutMs: number): Connections {
  const shared = {
    ...address.account,
    ...(address.isEncrypted ? { tls: {} } : {}),
    connectTimeout: timeoutMs,
    // For live ends too: connecting counts as done once the network is there, and who says nothing then would be waited for for ever.
    socketTimeout: timeoutMs,
    disconnectTimeout: FAREWELL_MS,
    disableClientInfo: true,
    // Its own check prints to the console where INFO is not allowed.
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // Fails what was sent when the connection ends: the outcome is unknown then, and the caller decides.
    maxRetriesPerRequest: 0,
    // The leader that we knew is a replica now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const single = { ...shared, db: address.db, enableOfflineQueue: false, retryStrategy: delayRetry };

  function openLeader(): Redis {
    switch (address.type) {
      case 'server':
        return new Redis({ ...single, ...address.server });
      case 'socket':
        return new Redis({ ...single, path: address.path });
      case 'sentinel':
        return new Redis({
          ...single,
          sentinels: [...address.sentinels],
          name: address.leader,
          sentinelUsername: address.sentinelAccount.username ?? '',
          sentinelPassword: address.sentinelAccount.password ?? '',
          sentinelRetryStrategy: delayRetry,
          sentinelCommandTimeout: timeoutMs,
          // Nor does one lead that lost its replicas, if it must have some: the sentinels may have named another since.
          // (The driver's own watch of the sentinels prints to the console when one of them is away.)
          reconnectOnError: (error: Error) => /^(READONLY|NOREPLICAS)/.test(error.message),
          ...(address.isEncrypted ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        });
      case 'cluster':
        throw new RangeError('Cannot open a connection to the leader of a cluster: it has several');
    }
  }

  return {
    openClient() {
      if (address.type !== 'cluster') return openLeader();
      return new Cluster([...address.servers], {
        clusterRetryStrategy: delayRetry,
        enableOfflineQueue: false,
        enableReadyCheck: false,
        maxRedirections: MAX_REDIRECTIONS,
        slotsRefreshTimeout: timeoutMs,
        slotsRefreshInterval: 0, // redirections and lost connections tell of every change
        redisOptions: shared,
      });
    },
    openLive(place) {
      if (address.type !== 'cluster') return openLeader();
      const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(place) ?? [];
      return new Redis({ ...single, host, port: Number(port) });
    },
  };
}

/** Jitter, so that gateways that lost one server don't come back as one. */
function delayRetry(attempt: number): number {
  return Math.min(LONGEST_RETRY_MS, 25 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** True while what is sent now goes out. Of a connection that is about to close the driver still says that it is ready. */
export function canSend(client: Client): boolean {
  return client.status === 'ready' && (isCluster(client) || client.stream.writable);
}

/** All servers that take entries. */
export function leadersOf(client: Client): readonly Redis[] {
  return isCluster(client) ? client.nodes('master') : [client];
}

/** Ends a connection for good. Never rejects; resolves once it has ended, after `timeoutMs` at the latest. */
export async function end(client: Client, clock: Clock, timeoutMs: number): Promise<void> {
  // Between two attempts there is nothing that could still end; nor while a cluster has not been reached yet.
  const isIdle = ['end', 'wait', 'reconnecting'].includes(client.status);
  const isEnding = !isIdle && !(isCluster(client) && client.status === 'connecting');
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  client.disconnect();
  if (isEnding) await awaitWithin(clock, timeoutMs, () => ended).catch(() => {}); // it was told to, and nobody waits for it
}

function isCluster(client: Client): client is Cluster {
  return client.isCluster;
}
