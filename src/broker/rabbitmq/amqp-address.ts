import type { BrokerOptions } from '../broker-options.ts';
import { isLoopback } from '../loopback.ts';
import { findServerPlace, type ServerPlace } from '../server-place.ts';
import { showParameter } from '../shown-url.ts';

/** What a broker's URL says. */
export interface AmqpAddress {
  /** Tried in this order. */
  readonly servers: readonly ServerPlace[];
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  /** Files that TLS needs, read at each connecting, so that they may be renewed; undefined: no TLS. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** What the names of the exchange and of the streams begin with. */
  readonly prefix: string;
  /** On how many servers streams are made; undefined: on all of the cluster. */
  readonly replicas: number | undefined;
  /** Most memory that entries take in a process, in bytes. Beyond it the oldest go, and are `trimmed`. */
  readonly maxHeldBytes: number;
}

const DEFAULT_PREFIX = 'message-flow';
const DEFAULT_MEMORY_MIB = 256;
const MIB_BYTES = 1_048_576;
/** The account that a server has when it is new; it lets nobody in from another machine by it. */
const GUEST = 'guest';
const TLS_PARAMETERS = ['ca', 'cert', 'key'] as const;
const PARAMETERS: readonly string[] = ['server', 'prefix', 'replicas', 'memory', ...TLS_PARAMETERS];

/**
 * Reads `amqp://` and `amqps://` URLs: `amqps://user:password@host:5671/vhost?server=other:5671&prefix=shop&replicas=3`.
 * `memory` is what entries may take in each process, in MiB, 256 by default. Without credentials it is `guest`, on this machine. `ca`, `cert` and `key` are files of TLS.
 * @throws {RangeError} when it says what can't be, or asks for a server off this machine without credentials; tells no secret
 */
export function readAmqpAddress(url: URL, { development = false }: Pick<BrokerOptions, 'development'>): AmqpAddress {
  const isEncrypted = url.protocol === 'amqps:';
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    refuse(`it has a parameter "${showParameter(url, unknown)}", the known are ${PARAMETERS.join(', ')}`);
  }
  if (url.hash !== '') refuse('it has a "#"; in a password that is written %23');
  const port = isEncrypted ? 5671 : 5672;
  const servers = [url.host, ...url.searchParams.getAll('server')].map(
    (text) => findServerPlace(text, port) ?? refuse('a server must be a host, or a host and a port'),
  );
  const remote = servers.find(({ host }) => !isLoopback(host));
  if (remote && (url.username === '' || url.password === '') && !development) {
    refuse(`"${remote.host}" is not this machine, so it needs credentials, such as amqp://user:password@host`);
  }
  const given = TLS_PARAMETERS.filter((name) => url.searchParams.has(name));
  if (given.length > 0 && !isEncrypted) refuse(`"${given[0]}" is for amqps:// only`);
  const tls = Object.fromEntries(given.map((name) => [name, url.searchParams.get(name) ?? '']));
  const hasUser = url.username !== '' || url.password !== '';
  return {
    servers,
    user: hasUser ? decode(url.username, 'credentials') : GUEST,
    password: hasUser ? decode(url.password, 'credentials') : GUEST,
    vhost: url.pathname.length > 1 ? decode(url.pathname.slice(1), 'vhost') : '/',
    tls: isEncrypted ? tls : undefined,
    prefix: readPrefix(url.searchParams.get('prefix') ?? DEFAULT_PREFIX),
    replicas: readReplicas(url.searchParams.get('replicas')),
    maxHeldBytes: readMemory(url.searchParams.get('memory')) * MIB_BYTES,
  };
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`its ${what} must be percent-encoded`);
  }
}

function readPrefix(prefix: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(prefix)) return prefix;
  return refuse('its prefix must be 1 to 32 letters, digits, "-" and "_"');
}

function readReplicas(text: string | null): number | undefined {
  if (text === null) return undefined;
  return /^[1-9]$/.test(text) ? Number(text) : refuse('its replicas must be 1 to 9');
}

function readMemory(text: string | null): number {
  if (text === null) return DEFAULT_MEMORY_MIB;
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : refuse('its memory must be 1 to 999999, in MiB');
}

function refuse(reason: string): never {
  throw new RangeError(`Cannot use the broker RabbitMQ: in its URL, ${reason}`);
}
