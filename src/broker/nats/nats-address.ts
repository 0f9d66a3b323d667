import type { BrokerOptions } from '../broker-options.ts';
import { isLoopback } from '../loopback.ts';
import { findServerPlace, type ServerPlace } from '../server-place.ts';
import { showParameter } from '../shown-url.ts';

/** How a NATS server lets in. A file is read at each connecting, so that it may be renewed. */
export type NatsCredentials =
  | { readonly type: 'none' }
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'password'; readonly user: string; readonly password: string }
  | { readonly type: 'nkey'; readonly file: string };

/** What a broker's URL says. */
export interface NatsAddress {
  /** Tried in this order. */
  readonly servers: readonly ServerPlace[];
  readonly credentials: NatsCredentials;
  /** Files that TLS needs; undefined: TLS only where the server asks for it. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** What the names of streams and subjects begin with. */
  readonly prefix: string;
  /** On how many servers streams are kept; undefined: as they are, or one. */
  readonly replicas: number | undefined;
}

const DEFAULT_PORT = 4222;
const DEFAULT_PREFIX = 'message-flow';
const PARAMETERS = ['server', 'prefix', 'replicas', 'nkey', 'ca', 'cert', 'key'];
const TLS_PARAMETERS = ['ca', 'cert', 'key'] as const;

/**
 * Reads `nats://` and `tls://` URLs: `nats://user:password@host:4222?server=other:4222&prefix=shop&replicas=3`. Credentials
 * are a user and password, a token alone, or `nkey`, the file of a seed. `ca`, `cert` and `key` are files of TLS.
 * @throws {RangeError} when it says what can't be, or asks for a server off this machine without credentials; tells no secret
 */
export function readNatsAddress(url: URL, { development = false }: Pick<BrokerOptions, 'development'>): NatsAddress {
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    refuse(`it has a parameter "${showParameter(url, unknown)}", the known are ${PARAMETERS.join(', ')}`);
  }
  if (!['', '/'].includes(url.pathname) || url.hash !== '') refuse('it must end after the port, or with parameters');
  const servers = [url.host, ...url.searchParams.getAll('server')].map(readServer);
  const credentials = readCredentials(url);
  const remote = servers.find(({ host }) => !isLoopback(host));
  if (remote && credentials.type === 'none' && !development) {
    refuse(`"${remote.host}" is not this machine, so it needs credentials, such as nats://user:password@host`);
  }
  const given = TLS_PARAMETERS.filter((name) => url.searchParams.has(name));
  if (given.length > 0 && url.protocol !== 'tls:') refuse(`"${given[0]}" is for tls:// only`);
  const tls = Object.fromEntries(given.map((name) => [name, url.searchParams.get(name) ?? '']));
  return {
    servers,
    credentials,
    tls: url.protocol === 'tls:' ? tls : undefined,
    prefix: readPrefix(url.searchParams.get('prefix') ?? DEFAULT_PREFIX),
    replicas: readReplicas(url.searchParams.get('replicas')),
  };
}

function readServer(text: string): ServerPlace {
  return findServerPlace(text, DEFAULT_PORT) ?? refuse('a server must be a host, or a host and a port');
}

function readCredentials(url: URL): NatsCredentials {
  const nkey = url.searchParams.get('nkey');
  const hasUser = url.username !== '' || url.password !== '';
  if (nkey !== null && hasUser) refuse('it has more than one credential');
  if (nkey !== null) return { type: 'nkey', file: nkey };
  if (!hasUser) return { type: 'none' };
  const user = decode(url.username);
  return url.password === ''
    ? { type: 'token', token: user }
    : { type: 'password', user, password: decode(url.password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('its credentials must be percent-encoded');
  }
}

function readPrefix(prefix: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(prefix)) return prefix;
  return refuse('its prefix must be 1 to 32 letters, digits, "-" and "_"');
}

function readReplicas(text: string | null): number | undefined {
  if (text === null) return undefined;
  return /^[135]$/.test(text) ? Number(text) : refuse('its replicas must be 1, 3 or 5');
}

function refuse(reason: string): never {
  throw new RangeError(`Cannot use the broker NATS: in its URL, ${reason}`);
}
