import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Channel, connect } from 'amqplib';
import { findFreePorts } from './free-ports.ts';
import { until } from './until.ts';

/** Debian's programs without their wrappers, which insist on an account of their own. */
const PROGRAMS = '/usr/lib/rabbitmq/bin';
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

/** A RabbitMQ server of Debian's version, with data of its own. */
export interface RabbitmqServer {
  readonly port: number;
  readonly url: string;
  /** Its name among the nodes of a cluster. */
  readonly node: string;
  readonly log: string;
  /** Ends it as an operator does, or as a fallen machine would; resolves when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again, at the same port, on the data that are there. */
  start(): Promise<void>;
  /** Lets it stand still, as a stalled machine does, or go on. */
  freeze(): void;
  thaw(): void;
  /** Keeps a copy of the data; gives what puts it back. Only while it is stopped. */
  copyData(): Promise<() => Promise<void>>;
  /** Runs `rabbitmqctl`. */
  control(...args: readonly string[]): Promise<string>;
  /** Ends it, and removes what it wrote. */
  remove(): Promise<void>;
}

/** An account of a server. */
export interface RabbitmqUser {
  readonly name: string;
  readonly password: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** A place in a cluster. */
interface RabbitmqMembership {
  readonly node: string;
  readonly nodes: readonly string[];
  readonly cookie: string;
  readonly epmdPort: number;
}

/** How a server is started. */
export interface RabbitmqOptions {
  /** Accounts beside guest's, which may do all. */
  readonly users?: readonly RabbitmqUser[];
  /** Lines of its configuration. */
  readonly config?: readonly string[];
  /** Which node of a cluster it is, and what the nodes share. */
  readonly cluster?: RabbitmqMembership;
}

/**
 * Starts a server on free ports of this machine, with a port mapper of its own, so that no other Erlang node is met. Who
 * starts it removes it.
 */
export async function startRabbitmqServer(options: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const { users = [], config = [], cluster } = options;
  const folder = await mkdtemp(join(tmpdir(), 'message-flow-rabbitmq-'));
  const data = join(folder, 'data');
  const node = cluster?.node ?? createNodeName();
  const [port = 0, distributionPort = 0, ownEpmdPort = 0] = await findFreePorts(3);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    ERL_CRASH_DUMP: join(folder, 'erl_crash.dump'), // else where the tests run, of every program of Erlang
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: `${cluster?.epmdPort ?? ownEpmdPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: node,
    RABBITMQ_DIST_PORT: `${distributionPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_MNESIA_BASE: data,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    RUNNING_UNDER_SYSTEMD: 'true', // then its start script becomes the server, and does not stay in front of it
  };
  let epmd: ChildProcess | undefined;
  let child: ChildProcess | undefined;
  let log = '';

  async function prepare(): Promise<void> {
    await mkdir(data);
    await writeFile(join(folder, '.erlang.cookie'), cluster?.cookie ?? randomUUID(), { mode: 0o400 });
    await writeFile(join(folder, 'plugins'), '[].\n');
    await writeFile(join(folder, 'definitions.json'), JSON.stringify(defineAccounts(users)));
    const lines = [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      `load_definitions = ${join(folder, 'definitions.json')}`,
      'disk_free_limit.absolute = 1MB',
      'log.console.level = warning',
      ...(cluster?.nodes ?? []).map((name, i) => `cluster_formation.classic_config.nodes.${i + 1} = ${name}`),
      ...config,
    ];
    await writeFile(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
  }

  async function start(): Promise<void> {
    log = '';
    if (!cluster) epmd ??= await startEpmd(ownEpmdPort);
    const started = spawn(join(PROGRAMS, 'rabbitmq-server'), { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    let fault: Error | undefined;
    started.on('error', (error) => {
      fault = error;
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    }
    const isUp = async () => {
      if (fault) throw new Error('Cannot start RabbitMQ: install it by .ci/install rabbitmq-server', { cause: fault });
      if (started.exitCode !== null) throw new Error(`Cannot start RabbitMQ: it exited, and said:\n${log}`);
      return log.includes('completed with');
    };
    await until(isUp, 'RabbitMQ to start', START_TIMEOUT_MS);
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await end(child, signal);
    child = undefined;
  }

  async function remove(): Promise<void> {
    await stop('SIGKILL');
    await end(epmd, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    await prepare();
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    url: `amqp://127.0.0.1:${port}`,
    node,
    get log() {
      return log;
    },
    stop,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async copyData() {
      const copy = await mkdtemp(join(folder, 'copy-'));
      await cp(data, copy, { recursive: true });
      return async () => {
        await rm(data, { recursive: true, force: true });
        await cp(copy, data, { recursive: true });
      };
    },
    async control(...args) {
      const { stdout } = await promisify(execFile)(join(PROGRAMS, 'rabbitmqctl'), ['-n', node, ...args], { env });
      return stdout;
    },
    remove,
  };
}

/** A name that no other node has. */
export function createNodeName(): string {
  return `flow-${randomUUID().slice(0, 8)}@localhost`;
}

/** Starts a port mapper, which a node would else leave behind. */
export async function startEpmd(port: number): Promise<ChildProcess> {
  const child = spawn('epmd', ['-port', `${port}`, '-address', '127.0.0.1'], { stdio: 'ignore' });
  await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))]);
  await until(() => isListening(port), 'epmd to listen', START_TIMEOUT_MS);
  return child;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connectTcp({ port, host: '127.0.0.1' });
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    new Promise<boolean>((resolve) => socket.once('close', () => resolve(false))),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}

/** Ends a process, and waits until it is gone. */
export async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  child.kill('SIGCONT'); // one that stands still ends too
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

function defineAccounts(users: readonly RabbitmqUser[]): object {
  const admin = { name: 'guest', password: 'guest', configure: '.*', write: '.*', read: '.*' };
  const all = [admin, ...users];
  return {
    users: all.map(({ name, password }) => ({ name, password, tags: name === 'guest' ? 'administrator' : '' })),
    vhosts: [{ name: '/' }],
    permissions: all.map(({ name, configure, write, read }) => ({ user: name, vhost: '/', configure, write, read })),
  };
}

/** Does something on a channel, as the operator. */
export async function operate<T>(url: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(url, { noDelay: true });
  connection.on('error', () => {}); // "close" follows, and whoever waits is told
  try {
    return await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}
