import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort } from './free-ports.ts';
import { until } from './until.ts';

const START_TIMEOUT_MS = 50_000;

/** A Redis server of this machine, as a process of its own, with a data folder of its own. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  /** What it printed. */
  readonly output: string;
  /** Asks it, as its administrator. */
  admin(...command: readonly (string | number)[]): Promise<unknown>;
  /** Starts it again, on the same data and port. */
  start(): Promise<void>;
  /** Ends it: SIGTERM saves what the configuration says, SIGKILL nothing. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** How a server is started. */
export interface RedisServerOptions {
  /** Arguments: `--appendonly yes`. */
  readonly args?: readonly string[];
  /** The administrator's password. */
  readonly password?: string;
  /** Lines of a configuration with which it is a sentinel, and no server of data. */
  readonly sentinel?: readonly string[];
  /** Its port has another, 10,000 above, for the bus of a cluster. */
  readonly isInCluster?: boolean;
}

/** A server's bus has the port 10,000 above its own: that too must be none of those that outgoing connections get. */
const HIGHEST_CLUSTER_PORT = 22_000;

/** Starts Debian's redis-server on a free port. Without arguments it keeps nothing on disk. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { args = [], password, sentinel, isInCluster = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-redis-'));
  let port = await findFreePort();
  while (isInCluster && port > HIGHEST_CLUSTER_PORT) port = await findFreePort();
  let output = '';
  let child: ChildProcess | undefined;

  async function admin(...[command = '', ...rest]: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis({ port, password: password ?? '', retryStrategy: null, lazyConnect: true, protocol: 2 });
    redis.on('error', () => {});
    try {
      return await redis.call(String(command), ...rest);
    } finally {
      redis.disconnect();
    }
  }

  async function start(): Promise<void> {
    const leader = sentinel ? [] : ['--masterauth', password ?? ''];
    const auth = password === undefined ? [] : ['--requirepass', password, ...leader];
    const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
    const role = sentinel ? ['--sentinel'] : ['--save', '', ...(isInCluster ? ['--cluster-enabled', 'yes'] : [])];
    const file = join(folder, 'redis.conf');
    if (!existsSync(file)) writeFileSync(file, (sentinel ?? []).join('\n')); // a sentinel writes into its own
    const all = [file, ...place, ...role, ...auth, ...args];
    const started = spawn('redis-server', all, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    started.on('error', (error) => {
      output += `${error}`;
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const isUp = () => {
      if (started.exitCode !== null || started.pid === undefined) throw new Error(`redis-server ended:\n${output}`);
      return admin('PING').catch(() => undefined);
    };
    await until(isUp, `redis-server to start; it said:\n${output}`, START_TIMEOUT_MS);
  }

  async function end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  }

  await start();
  return {
    port,
    folder,
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0;
    },
    get output() {
      return output;
    },
    admin,
    start,
    end,
    signal: (signal) => void child?.kill(signal),
    async remove() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
