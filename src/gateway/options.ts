import type { Broker } from '../broker/index.ts';
import {
  type Clock,
  createReport,
  DEFAULT_HEARTBEAT_MS,
  DEVELOPMENT_SECRET,
  type Dialect,
  type DialectName,
  getDialect,
  type LogName,
  resolveSecrets,
} from '../protocol/index.ts';

/** What a gateway reports: for logs and alarms. Holds no token, no key and no data. */
export type GatewayEvent =
  | { readonly type: 'connection-opened'; readonly connection: number }
  | {
      readonly type: 'connection-authenticated';
      readonly connection: number;
      readonly user: string;
      /** What the peer speaks, if it is not this version. */
      readonly dialect?: DialectName;
    }
  | { readonly type: 'authentication-refused'; readonly connection: number; readonly reason: string }
  | {
      readonly type: 'connection-closed';
      readonly connection: number;
      readonly user?: string;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly type: 'upgrade-refused'; readonly status: number; readonly reason: string }
  | { readonly type: 'revoked'; readonly connections: number }
  | { readonly type: 'fault'; readonly during: string; readonly log?: LogName; readonly error: unknown }
  | { readonly type: 'draining'; readonly connections: number; readonly withinMs: number };

/** How a gateway is made. */
export interface GatewayOptions {
  /** Where the logs are; the same broker as the backend's. */
  readonly broker: Broker;
  /** Verifies tokens: 32 bytes at least. Several verify, the first is the one in use. Required, but with `development`. */
  readonly secret?: string | readonly string[] | undefined;
  /** Asked of `POST /publish` and `/tops` as a bearer token. Unset: both are off; with `development`: open on loopback. */
  readonly publishKey?: string | undefined;
  /** The full path below which the gateway's HTTP routes lie; `/`: at the top. @default "/gateway" */
  readonly basePath?: string;
  /**
   * Origins whose pages may connect, such as `https://example.com`; exact. `*` for any, with `development` only.
   * @default the page's own host
   */
  readonly origins?: readonly string[] | '*' | undefined;
  /**
   * Older peers that are served beside our own: their pages send a bare token, and get their own bytes. A bare token's bearer
   * speaks the first of these whose claim its token has, and with a token of ours the first of all. See docs/protocol.md.
   * @default none
   */
  readonly dialects?: readonly DialectName[];
  /**
   * Takes older peers' tokens that have no end, as 2016 made them. Who has one keeps it until the secret changes: a revocation
   * holds for a day.
   * @default false
   */
  readonly unexpiringTokens?: boolean;
  /**
   * Allows what is safe on a developer's machine only: any origin, and, for this machine alone by the name of localhost, a
   * well-known secret and an open publish.
   * @default false
   */
  readonly development?: boolean;
  /** The name of this gateway in its health check's log. @default random */
  readonly name?: string;
  /**
   * How often `<3` goes out, in milliseconds; keep it below what proxies cut silence at. `Infinity`: never, and clients don't
   * check for silence.
   * @default 25_000
   */
  readonly heartbeatMs?: number;
  /** How often a WebSocket ping goes out, in milliseconds. `Infinity`: never, and silence is not checked. @default 25_000 */
  readonly pingIntervalMs?: number;
  /** How long a connection may be silent, in milliseconds: no pong, no byte, no drained write. @default 35_000 */
  readonly silenceTimeoutMs?: number;
  /** How long nothing of a write may drain, in milliseconds, until 4413. @default 30_000 */
  readonly stallTimeoutMs?: number;
  /** How long a connection may be without a good token, in milliseconds, until 4401. @default 10_000 */
  readonly authTimeoutMs?: number;
  /** How long before its token's end a client is told, in milliseconds; at most half the token's life. @default 60_000 */
  readonly expiryNoticeMs?: number;
  /** How long entries flow after a token's end, in milliseconds, until 4408. @default 30_000 */
  readonly expiryGraceMs?: number;
  /** Window in which clients leave when this gateway drains, in milliseconds. @default 20_000 */
  readonly drainWindowMs?: number;
  /** Most connections; the next gets 1013. @default 50_000 */
  readonly maxConnections?: number;
  /** Most connections of one user; the next gets 4429. @default 100 */
  readonly maxConnectionsPerUser?: number;
  /** How long ring and tail of a log stay after its last follower, in milliseconds. @default 60_000 */
  readonly lingerMs?: number;
  /** Memory for the latest entries of all logs, in bytes. @default 67_108_864, 64 MiB */
  readonly maxRingBytes?: number;
  /** How long a health check may take, in milliseconds. @default 2_000 */
  readonly healthTimeoutMs?: number;
  /** Told of what happens; what it throws is let go. @default nobody */
  readonly onEvent?: (event: GatewayEvent) => void;
  /** Time and timers. @default the runtime's */
  readonly clock?: Clock;
  /** Wall-clock time in milliseconds since 1970, for the times in tokens. @default Date.now */
  readonly wallClock?: () => number;
}

/** Options with their defaults applied and checked. */
export type ResolvedOptions = Required<Omit<GatewayOptions, 'secret' | 'publishKey' | 'origins' | 'dialects'>> & {
  readonly dialects: readonly Dialect[];
  readonly secrets: readonly string[];
  /** One of them is the development secret: whoever reaches this gateway can be any user. */
  readonly isSecretKnown: boolean;
  readonly publishKey: string | undefined;
  readonly origins: readonly string[] | '*' | undefined;
};

const DEFAULT_PING_INTERVAL_MS = 25_000;
const DEFAULT_SILENCE_TIMEOUT_MS = 35_000;

/**
 * Applies defaults.
 * @throws {RangeError} when an option is unsafe or out of range; it says what to set
 * @throws {TypeError} when there is no broker
 */
export function resolveOptions(options: GatewayOptions, clock: Clock, name: string): ResolvedOptions {
  const { development = false, origins, publishKey, unexpiringTokens = false, basePath = '/gateway' } = options;
  const dialects = (options.dialects ?? []).map(getDialect);
  // The flow takes a URL and this does not: two brokers of one memory would share nothing.
  if (typeof options.broker !== 'object' || options.broker === null) {
    throw new TypeError(
      `Cannot open the gateway: broker is ${typeof options.broker}, it must be a broker, such as flow.broker or what createBroker gives`,
    );
  }
  if (unexpiringTokens && dialects.length === 0) {
    throw new RangeError(
      'Cannot open the gateway: unexpiringTokens is for tokens of older peers. List their dialects, or leave it out',
    );
  }
  if (origins === '*' && !development) {
    throw new RangeError(
      'Cannot open the gateway: origins is "*". List the origins of your pages, or leave it out for the gateway\'s own host',
    );
  }
  if (publishKey !== undefined && publishKey.length < 16) {
    throw new RangeError(
      `Cannot open the gateway: publishKey has ${publishKey.length} characters. Set it to 16 random ones or more`,
    );
  }
  if (basePath !== '/' && !/^\/[^?#]*[^/?#]$/.test(basePath)) {
    throw new RangeError(
      `Cannot open the gateway: basePath is "${basePath}", it must begin with "/" and not end with it, or be "/" alone`,
    );
  }
  for (const [option, value] of Object.entries(options)) {
    if (typeof value === 'number' && !(value > 0))
      throw new RangeError(`Cannot open the gateway: ${option} is ${value}, it must be above 0`);
  }
  const secrets = resolveSecrets(options.secret, development);
  const { pingIntervalMs = DEFAULT_PING_INTERVAL_MS, silenceTimeoutMs = DEFAULT_SILENCE_TIMEOUT_MS } = options;
  if (pingIntervalMs !== Number.POSITIVE_INFINITY && silenceTimeoutMs <= pingIntervalMs) {
    throw new RangeError(
      `Cannot open the gateway: silenceTimeoutMs is ${silenceTimeoutMs}, it must be above pingIntervalMs, ${pingIntervalMs}, or quiet clients are cut`,
    );
  }
  return {
    development,
    unexpiringTokens,
    name,
    basePath,
    heartbeatMs: DEFAULT_HEARTBEAT_MS,
    pingIntervalMs,
    silenceTimeoutMs,
    stallTimeoutMs: 30_000,
    authTimeoutMs: 10_000,
    expiryNoticeMs: 60_000,
    expiryGraceMs: 30_000,
    drainWindowMs: 20_000,
    maxConnections: 50_000,
    maxConnectionsPerUser: 100,
    lingerMs: 60_000,
    maxRingBytes: 64 * 1_048_576,
    healthTimeoutMs: 2_000,
    clock,
    wallClock: Date.now,
    ...withoutUndefined(options),
    onEvent: createReport(options.onEvent ?? (() => {})),
    dialects,
    secrets,
    isSecretKnown: secrets.includes(DEVELOPMENT_SECRET),
    publishKey,
    origins,
  };
}

/** So that an option given as undefined keeps its default. */
function withoutUndefined(
  options: GatewayOptions,
): Omit<GatewayOptions, 'secret' | 'publishKey' | 'origins' | 'dialects'> {
  const { secret: _, publishKey: __, origins: ___, dialects: ____, ...others } = options;
  return Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) as typeof others;
}
