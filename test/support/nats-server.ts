import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { findFreePorts } from './free-ports.ts';
import { until } from './until.ts';

const PROGRAM = 'nats-server';
const START_TIMEOUT_MS = 50_000;

/** A NATS server of Debian's version, with data of its own. */
export interface NatsServer {
  readonly port: number;
  readonly url: string;
  /** Where it answers to questions about itself. */
  readonly monitorUrl: string;
  readonly log: string;
  /** Ends it as an operator does, or as a fallen machine would; resolves when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again, at the same port, on the data that are there. */
  start(): Promise<void>;
  /** Takes another configuration while it runs. */
  reload(config: string): Promise<void>;
  /** Lets it stand still, as a stalled machine does, or go on. */
  freeze(): void;
  thaw(): void;
  /** Loses all data. Only while it is stopped. */
  wipe(): Promise<void>;
  /** Keeps a copy of the data; gives what puts it back. Only while it is stopped. */
  copyData(): Promise<() => Promise<void>>;
  /** Ends it, and removes what it wrote. */
  remove(): Promise<void>;
}

/**
 * Starts a server with JetStream on free ports. `config` is what its configuration says beside addresses and store.
 * Who starts it removes it.
 */
export async function startNatsServer(config = '', given: { port?: number } = {}): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'message-flow-nats-'));
  const [data, configFile] = [join(folder, 'data'), join(folder, 'nats.conf')];
  const [freePort = 0, monitorPort = 0] = await findFreePorts(2);
  const port = given.port ?? freePort;
  const write = (text: string) => {
    // A second block would replace the first, and the store lie where the server thinks best.
    const jetstream = /^jetstream \{/m.test(text) ? text : `jetstream { }\n${text}`;
    const stored = jetstream.replace(/^jetstream \{/m, `jetstream { store_dir: "${data}",`);
    return writeFile(configFile, `listen: "127.0.0.1:${port}"\nhttp: "127.0.0.1:${monitorPort}"\n${stored}\n`);
  };
  await write(config);
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  let child: ChildProcess | undefined;
  let log = '';

  async function start(): Promise<void> {
    log = '';
    const started = spawn(PROGRAM, ['-c', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
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
      if (fault) throw new Error(`Cannot start ${PROGRAM}: install it by .ci/install nats-server`, { cause: fault });
      if (started.exitCode !== null) throw new Error(`Cannot start ${PROGRAM}: it exited, and said:\n${log}`);
      return log.includes('Server is ready');
    };
    await until(isUp, `${PROGRAM} to start`, START_TIMEOUT_MS);
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT'); // one that stands still ends too
    await exited;
  }

  async function remove(): Promise<void> {
    await stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    monitorUrl,
    get log() {
      return log;
    },
    stop,
    start,
    async reload(next) {
      await write(next);
      log = '';
      child?.kill('SIGHUP');
      await until(() => /Reloaded server configuration|Failed to reload/.test(log), 'the configuration to be taken');
      if (log.includes('Failed to reload')) throw new Error(`Cannot reload ${PROGRAM}: it said:\n${log}`);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    wipe: () => rm(data, { recursive: true, force: true }),
    async copyData() {
      const copy = await mkdtemp(join(folder, 'copy-'));
      await cp(data, copy, { recursive: true });
      return async () => {
        await rm(data, { recursive: true, force: true });
        await cp(copy, data, { recursive: true });
      };
    },
    remove,
  };
}

/** An operator's hand on a server. */
export interface NatsOperator {
  readonly connection: NatsConnection;
  /** Calls the JetStream API, such as `STREAM.INFO.name`. */
  call(name: string, body?: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Connects to a server as its operator does. */
export async function openNatsOperator(url: string, options: object = {}): Promise<NatsOperator> {
  const connection = await connect({ servers: url.replace('nats://', ''), reconnect: false, ...options });
  return {
    connection,
    async call(name, body) {
      const payload = body ? JSON.stringify(body) : '';
      const answer = (await connection.request(`$JS.API.${name}`, payload, { timeout: 10_000 })).json<
        Record<string, unknown>
      >();
      if (answer.error) throw new Error(`Cannot call ${name}: ${JSON.stringify(answer.error)}`);
      return answer;
    },
    close: () => connection.close(),
  };
}
