import { isLoopback } from '../loopback.ts';
import { findServerPlace, type ServerPlace } from '../server-place.ts';
import { showParameter, showUrl } from '../shown-url.ts';

/** An account of a server. */
interface Account {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Where Redis is, and who we are there. */
export type RedisAddress = {
  readonly account: Account;
  readonly isEncrypted: boolean;
  readonly db: number;
} & (
  | { readonly type: 'server'; readonly server: ServerPlace }
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'cluster'; readonly servers: readonly ServerPlace[] }
  | {
      readonly type: 'sentinel';
      readonly sentinels: readonly ServerPlace[];
      readonly leader: string;
      readonly sentinelAccount: Account;
    }
);

/** The schemes of the URLs that name Redis; with `rediss` all connections are encrypted. */
export const REDIS_SCHEMES: readonly string[] = [
  ...['redis:', 'rediss:'],
  ...['redis+sentinel:', 'rediss+sentinel:'],
  ...['redis+cluster:', 'rediss+cluster:'],
];

const SERVER_PORT = 6_379;
const SENTINEL_PORT = 26_379;
/** What may stand behind "?" in a URL, by type. */
const PARAMETERS: Record<RedisAddress['type'], readonly string[]> = {
  server: [],
  socket: ['db'],
  cluster: ['node'],
  sentinel: ['node', 'db', 'sentinelUsername', 'sentinelPassword'],
};

/**
 * Reads the URL of a broker on Redis:
 * - `redis://user:password@host:6379/0`: one server, and the number of its database;
 * - `redis:///run/redis/redis.sock?db=0`: one server at a Unix socket;
 * - `redis+sentinel://user:password@host:26379/NAME?node=host:port&db=0`: the leader that Sentinel calls NAME, by any of
 *   its sentinels; their own account is `sentinelUsername` and `sentinelPassword`;
 * - `redis+cluster://user:password@host:6379?node=host:port`: a cluster, by any of its servers.
 *
 * @throws {RangeError} when it names no place, or asks for what is unsafe; its text holds no credentials
 */
export function readRedisUrl(url: URL, { isDevelopment }: { readonly isDevelopment: boolean }): RedisAddress {
  const refuse = (reason: string) => new RangeError(`Cannot use the broker "${showUrl(url.href)}": ${reason}`);
  const address = findAddress(url);
  if (typeof address === 'string') throw refuse(address);
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS[address.type].includes(name));
  if (unknown !== undefined) throw refuse(`there is no "${showParameter(url, unknown)}" in the URL of such a broker`);
  if (url.hash) throw refuse('it has a "#"; in a password that is written %23');
  if (isDevelopment || placesOf(address).every(({ host }) => isLoopback(host))) return address;
  if (!address.account.password) {
    throw refuse(`it has no password and is not on this machine: ${url.protocol}//user:password@…`);
  }
  if (address.type === 'sentinel' && !address.sentinelAccount.password) {
    throw refuse(
      'its sentinels, who say where the password goes, have none and are not on this machine: ?sentinelPassword=…',
    );
  }
  return address;
}

/** The address, or why there is none. */
function findAddress(url: URL): RedisAddress | string {
  const account = findAccount(url.username, url.password);
  if (!account) return 'its user or password is not percent-encoded';
  const isEncrypted = url.protocol.startsWith('rediss');
  const [, kind] = /\+(\w+):$/.exec(url.protocol) ?? [];
  const places = [url.host, ...url.searchParams.getAll('node')].map((text) =>
    findServerPlace(text, kind === 'sentinel' ? SENTINEL_PORT : SERVER_PORT),
  );
  const servers = places.filter((place) => place !== undefined);
  const path = decodeURI(url.pathname);
  const isSocket = kind === undefined && url.host === '' && path.length > 1;
  const db = Number(kind === undefined && !isSocket ? path.slice(1) : (url.searchParams.get('db') ?? 0));
  if (!Number.isInteger(db) || db < 0) return 'its database is no whole number';
  const shared = { account, isEncrypted, db };
  if (isSocket) return { ...shared, type: 'socket', path };
  const [server] = servers;
  if (!server || servers.length < places.length) return 'it must name host and port, such as host:6379';
  if (kind === 'cluster')
    return path.length > 1 ? 'a cluster has one database' : { ...shared, type: 'cluster', servers };
  if (kind === undefined) return { ...shared, type: 'server', server };
  const leader = path.slice(1);
  if (leader === '') return 'it must name the leader that the sentinels watch, such as /mymaster';
  const sentinelAccount = {
    username: url.searchParams.get('sentinelUsername') ?? undefined,
    password: url.searchParams.get('sentinelPassword') ?? undefined,
  };
  return { ...shared, type: 'sentinel', sentinels: servers, leader, sentinelAccount };
}

function findAccount(username: string, password: string): Account | undefined {
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password) || undefined,
    };
  } catch {
    return undefined; // a "%" that encodes nothing
  }
}

/** The servers of an address; a Unix socket is on this machine. */
function placesOf(address: RedisAddress): readonly ServerPlace[] {
  switch (address.type) {
    case 'server':
      return [address.server];
    case 'socket':
      return [];
    case 'cluster':
      return address.servers;
    case 'sentinel':
      return address.sentinels;
  }
}
