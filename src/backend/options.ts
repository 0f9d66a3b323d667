import { type Broker, createBroker } from '../broker/index.ts';
import { type Clock, createReport, resolveSecrets } from '../protocol/index.ts';
import type { FlowEvent, Report } from './flow-event.ts';
import type { Authenticate } from './identity.ts';
import { createProcessClock } from './process-clock.ts';

/** How a flow is made. */
export interface FlowOptions {
  /** Where logs are kept: a broker's URL, or a broker, which whoever made it closes. */
  readonly broker: string | Broker;
  /** States that this process is the only one: `memory:` can't be shared, so it is refused without. @default false */
  readonly single?: boolean;
  /** Allows what is safe on a developer's machine only: a secret known to everyone, `memory:` unasked. @default false */
  readonly development?: boolean;
  /**
   * Signs tokens; the gateways' own must hold it. At least 32 bytes, without white space at its ends. Of several the first
   * signs. Required but in development.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Says who asks, from a request's cookies or headers; nothing, when nobody is signed in. Runs at every token request. */
  readonly authenticate: Authenticate;
  /** The full path below which the flow's routes lie: begins with a slash, ends with none. @default "/flow" */
  readonly basePath?: string;
  /**
   * How long a token is good, in milliseconds, from 1,000 to 24 hours: also how long a lost right lasts unless revoked.
   * A shorter life costs more token requests. @default 600_000 (10 minutes)
   */
  readonly tokenLifetimeMs?: number;
  /** Longest wait of a `send` before it rejects with `unavailable`, in milliseconds; `Infinity` is refused. @default 2_000 */
  readonly sendTimeoutMs?: number;
  /** Hears what went wrong and what came late; a flow prints nothing itself. @default nobody hears */
  readonly onEvent?: (event: FlowEvent) => void;
  /** Where its timers run. @default the process's own, which keep the process alive until they end */
  readonly clock?: Clock;
  /** Wall-clock time, in milliseconds since 1970: tokens and revocations are stamped with it. @default Date.now */
  readonly wallClock?: () => number;
}

/** Options with every default applied and every value checked. */
export interface ResolvedOptions {
  readonly broker: Broker;
  /** True when the flow made the broker, so that it closes it. */
  readonly ownsBroker: boolean;
  readonly signingSecret: string;
  readonly authenticate: Authenticate;
  readonly basePath: string;
  readonly tokenLifetimeMs: number;
  readonly sendTimeoutMs: number;
  readonly report: Report;
  readonly clock: Clock;
  readonly wallClock: () => number;
}

const MIN_TOKEN_LIFETIME_MS = 1_000;
const MAX_TOKEN_LIFETIME_MS = 24 * 3_600_000;
/** Timers count in 31 bits; what is longer fires at once. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Applies defaults and checks options.
 * @throws {RangeError} when a value is out of its bounds, or unsafe without `development` or `single`
 * @throws {TypeError} when `authenticate` is no function, or there is no broker
 */
export function resolveOptions(options: FlowOptions): ResolvedOptions {
  const { basePath = '/flow', tokenLifetimeMs = 600_000, sendTimeoutMs = 2_000 } = options;
  const { single = false, development = false, authenticate, onEvent = () => {} } = options;
  if (typeof authenticate !== 'function') {
    throw new TypeError(`Cannot create a flow: authenticate is ${typeof authenticate}, it must be a function`);
  }
  // What the compiler refuses, and plain JavaScript gives: an unset FLOW_BROKER. Told here, not by the first send.
  if (options.broker === undefined) {
    throw new TypeError(
      "Cannot create a flow: broker is undefined, it must be a broker's URL, such as memory:, or a broker",
    );
  }
  if (basePath.length < 2 || !basePath.startsWith('/') || basePath.endsWith('/')) {
    throw new RangeError(`Cannot create a flow: basePath is "${basePath}", it must begin with "/" and not end with it`);
  }
  checkRange('tokenLifetimeMs', tokenLifetimeMs, MIN_TOKEN_LIFETIME_MS, MAX_TOKEN_LIFETIME_MS);
  checkRange('sendTimeoutMs', sendTimeoutMs, 1, MAX_TIMER_MS);
  const [signingSecret] = resolveSecrets(options.secret, development) as readonly [string, ...string[]];
  const ownsBroker = typeof options.broker === 'string';
  return {
    broker: typeof options.broker === 'string' ? createBroker(options.broker, { single, development }) : options.broker,
    ownsBroker,
    signingSecret,
    authenticate,
    basePath,
    tokenLifetimeMs,
    sendTimeoutMs,
    report: createReport(onEvent),
    clock: options.clock ?? createProcessClock(),
    wallClock: options.wallClock ?? Date.now,
  };
}

/** How a handler is put into a Node server. */
export interface NodeHandlerOptions {
  /** Largest body read from a request, in bytes; a larger one is answered with 413. @default 2_097_152 */
  readonly maxBodyBytes?: number;
}

/**
 * Applies defaults and checks options.
 * @throws {RangeError} when `maxBodyBytes` is not above 0
 */
export function resolveNodeHandlerOptions({ maxBodyBytes = 2_097_152 }: NodeHandlerOptions): { maxBodyBytes: number } {
  checkRange('maxBodyBytes', maxBodyBytes, 1, Number.POSITIVE_INFINITY);
  return { maxBodyBytes };
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new RangeError(`Cannot use ${name}: it is ${value}, it must be from ${least} to ${most}`);
}
