import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What the environment decides. */
export interface Settings {
  port: number;
  host: string;
  /** A Unix socket to listen on, instead of a port. */
  socket: string | undefined;
  /** Tells this server from those that share its data; stays its own over restarts. */
  name: string;
  /** Where uploads, outcomes, the plan and published news lie. */
  dataFolder: string;
  /** `http:`, `https:` or `file:`. */
  feed: URL;
  feedIntervalMs: number;
  broker: string;
  /** Without one the app runs for development: on this machine only. */
  secret: string | undefined;
  publishKey: string | undefined;
  /** The file that the publish key is in, as it was said: what to give to the one who sends from a terminal. */
  publishKeyFile: string | undefined;
  heartbeatMs: number;
  /** How long browsers have to leave when the server stops, in milliseconds. */
  drainWindowMs: number;
}

/** The example's folder; this file runs as dist/back/settings.js. */
export const HOME = fileURLToPath(new URL('../../', import.meta.url));

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Reads the environment; an empty variable counts as unset.
 * @throws {RangeError} which says what to set
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const host = env.HOST || '127.0.0.1';
  const socket = env.SOCKET ? resolve(env.SOCKET) : undefined;
  const secret = readSecret(env, 'FLOW_SECRET');
  if (!secret && !socket && !LOOPBACK.includes(host)) {
    throw new RangeError(
      `Cannot listen on ${host}: without FLOW_SECRET anyone there could be anyone. Set it to 32 bytes`,
    );
  }
  return {
    port: readNumber(env, 'PORT', 5000, 0, 65_535),
    host,
    socket,
    name: env.NAME || 'alone',
    dataFolder: resolve(env.DATA || join(HOME, 'data')),
    feed: readUrl(env.FEED || join(HOME, 'feed/sample.atom')),
    feedIntervalMs: readNumber(env, 'FEED_INTERVAL_MS', 3_600_000, 100, MAX_TIMER_MS),
    broker: env.FLOW_BROKER || 'memory:',
    secret,
    publishKey: readSecret(env, 'FLOW_PUBLISH_KEY'),
    publishKeyFile: env.FLOW_PUBLISH_KEY_FILE || undefined,
    heartbeatMs: readNumber(env, 'HEARTBEAT_MS', 25_000, 1_000, 60_000),
    drainWindowMs: readNumber(env, 'DRAIN_WINDOW_MS', 2_000, 1, 60_000),
  };
}

/** True when only this machine can reach that address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

function readNumber(env: NodeJS.ProcessEnv, name: string, preset: number, least: number, most: number): number {
  const text = env[name];
  if (!text) return preset;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new RangeError(`Cannot use ${name}: it is "${text}", it must be a whole number from ${least} to ${most}`);
}

/** The variable itself, or what is in the file that its `_FILE` names. */
function readSecret(env: NodeJS.ProcessEnv, name: 'FLOW_SECRET' | 'FLOW_PUBLISH_KEY'): string | undefined {
  const file = env[`${name}_FILE`];
  if (env[name] || !file) return env[name] || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new RangeError(`Cannot read ${name}_FILE, ${file}: the system says ${code}`, { cause });
  }
}

/** A path is a file's. */
function readUrl(text: string): URL {
  return /^(https?|file):/i.test(text) ? new URL(text) : pathToFileURL(resolve(text));
}
