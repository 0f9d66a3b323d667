import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from './free-ports.ts';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 90_000;
const RESTART_TIMEOUT_MS = 60_000;
/** How often supervisord is asked how it stands. */
const ASK_INTERVAL_MS = 50;

/** A program of the pool, as supervisord names it. */
export type Program = 'proxy' | 'nginx' | 'watchdog' | `gateways:gateway-${number}` | `webs:web-${number}`;

/** The pool that `make pool` starts, from the same files, in a folder of its own. */
export interface Pool {
  readonly folder: string;
  readonly url: string;
  /** Where its programs' logs are kept. */
  readonly brokerUrl: string;
  readonly secret: string;
  /** What it printed, of either kind. */
  readonly output: string;
  findPid(program: Program): Promise<number | undefined>;
  /** Sends a signal, as a fallen machine or an operator would. Resolves to the process that got it. */
  signal(program: Program, signal: NodeJS.Signals): Promise<number>;
  /** Resolves once a program runs as another process than this one. */
  untilReplaced(program: Program, pid: number): Promise<void>;
  /** Says something to supervisord: `stop proxy`. */
  control(...words: string[]): Promise<string>;
  /** Runs one of the Makefile's targets in the pool's folder. */
  make(...words: string[]): Promise<string>;
  /** All processes that work in its folder. */
  listProcesses(): number[];
  /** The whole of its logs, one after the other. */
  readLogs(): string;
  /** Ctrl-C, as a terminal sends it: to the whole group. Resolves once the starter has ended. */
  interrupt(): Promise<void>;
  /** Ends the supervisor alone, as a fallen one. */
  killSupervisor(): Promise<void>;
  /** Ends whatever is left, and removes the folder. */
  remove(): Promise<void>;
}

/** Starts a pool on a free port; whoever calls it removes it. `env` is all that it gets beside a path. */
export async function startPool(env: Record<string, string> = {}): Promise<Pool> {
  const folder = await mkdtemp(join(tmpdir(), 'pool-'));
  const port = await findFreePort();
  const child = spawn(join(ROOT, 'deploy/start'), {
    cwd: folder,
    detached: true, // a group of its own, which Ctrl-C is sent to
    env: { PATH: process.env.PATH, PORT: String(port), DATA: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  const pool: Pool = {
    folder,
    url: `http://127.0.0.1:${port}`,
    brokerUrl: `zeromq+ipc://${folder}/run`,
    get secret() {
      return readFileSync(join(folder, 'run/secret'), 'utf8').trim();
    },
    get output() {
      return output;
    },
    findPid: async (program) => (await listRunning(folder)).get(program),
    async signal(program, signal) {
      const pid = await until(() => pool.findPid(program), `${program} to run`, RESTART_TIMEOUT_MS);
      process.kill(pid, signal);
      return pid;
    },
    async untilReplaced(program, old) {
      const isReplaced = async () => ![undefined, old].includes(await pool.findPid(program));
      await until(isReplaced, `another process than ${old} for ${program}`, RESTART_TIMEOUT_MS);
    },
    control: (...words) => controlPool(folder, ...words),
    make: (...words) => run('make', ['-f', join(ROOT, 'Makefile'), ...words], folder),
    listProcesses: () => listProcessesIn(folder),
    readLogs() {
      const names = readdirSync(join(folder, 'log'));
      return names.map((name) => `== ${name}\n${readFileSync(join(folder, 'log', name), 'utf8')}`).join('\n');
    },
    async interrupt() {
      process.kill(-(child.pid as number), 'SIGINT');
      await exited;
    },
    async killSupervisor() {
      child.kill('SIGKILL');
      await exited;
    },
    async remove() {
      if (isRunning(child)) await pool.interrupt();
      for (const pid of listProcessesIn(folder)) process.kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  const isWhole = async () => {
    if (!isRunning(child)) throw new Error(`Cannot start the pool: it ended, and said:\n${output}`);
    return (await listRunning(folder)).size === 7 && (await isReady(pool.url));
  };
  try {
    await until(isWhole, 'the pool to be whole', START_TIMEOUT_MS);
  } catch (error) {
    const logs = pool.readLogs();
    await pool.remove();
    throw new Error(`${(error as Error).message}\n${logs}`);
  }
  return pool;
}

/** Says something to the supervisor of the pool in a folder, such as `stop proxy`; resolves with its answer. */
export function controlPool(folder: string, ...words: string[]): Promise<string> {
  return run('supervisorctl', ['-s', 'unix://run/supervisor.sock', ...words], folder);
}

/** Processes by the names of their programs, as supervisord has them running; asked by its XML-RPC. */
async function listRunning(folder: string): Promise<Map<string, number>> {
  await delay(ASK_INTERVAL_MS);
  const answer = await new Promise<string>((resolve) => {
    const options = { socketPath: join(folder, 'run/supervisor.sock'), method: 'POST', path: '/RPC2' };
    const asked = request({ ...options, headers: { 'content-type': 'text/xml' } }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve(text);
    });
    asked.on('error', () => resolve('')); // it does not listen yet
    asked.end('<methodCall><methodName>supervisor.getAllProcessInfo</methodName></methodCall>');
  });
  const running = new Map<string, number>();
  for (const program of answer.split('<struct>')) {
    const read = (member: string) =>
      new RegExp(`<name>${member}</name>\\s*<value><\\w+>([^<]*)<`).exec(program)?.[1] ?? '';
    const [group, name] = [read('group'), read('name')];
    if (read('statename') === 'RUNNING') running.set(group === name ? name : `${group}:${name}`, Number(read('pid')));
  }
  return running;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/`)).ok;
  } catch {
    return false; // nginx does not listen yet
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** What it printed, also where its exit code says that not all is well, as of a program that does not run. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return `${stdout ?? ''}${stderr ?? ''}`;
  }
}

function listProcessesIn(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder ? [Number(name)] : [];
    } catch {
      return []; // it has ended, or is another user's
    }
  });
}
