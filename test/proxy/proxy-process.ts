import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 60_000;
/** Two folders below the manifest, as the source is and what is built. One a worker, so that none reads another's half. */
const FOLDER = join(ROOT, `.cache/proxy-${process.pid}`);
const PROGRAM = join(FOLDER, 'main.js');
/** Lets a test turn the clock by which the proxy's retention counts. */
const CLOCK = `let turned = 0;
  const now = Date.now;
  Date.now = () => now() + turned;
  process.on('message', (ms) => { turned += ms; process.send('turned'); });
  process.channel.unref();`;

/** `message-flow proxy`, as a process of its own. */
export interface ProxyProcess {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it ended with. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  /** Moves its time on, by milliseconds. */
  turnClock(ms: number): Promise<void>;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** Ends it as a fallen machine would. */
  kill(): Promise<void>;
}

/** Builds the program from its sources for the tests of a file: Node 20 runs no TypeScript. */
export function buildProxyProgram(): void {
  beforeAll(async () => {
    await bundleProgram('src/cli/main.ts', PROGRAM);
  });
  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));
}

/** Spawns a proxy; whoever does ends it. */
function spawnProxy(url: string, args: readonly string[] = []): ProxyProcess {
  const flags = [
    `--import=data:text/javascript,${encodeURIComponent(CLOCK)}`,
    PROGRAM,
    'proxy',
    '--broker',
    url,
    ...args,
  ];
  const child: ChildProcess = spawn(process.execPath, flags, { env: {}, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      written[name] += chunk;
    });
  }
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    pid: child.pid as number,
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    ended,
    async turnClock(ms) {
      const turned = once(child, 'message');
      child.send(ms);
      await turned;
    },
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Spawns a proxy and waits until it listens. */
export async function openProxy(url: string, args?: readonly string[]): Promise<ProxyProcess> {
  const proxy = spawnProxy(url, args);
  let hasEnded = false;
  void proxy.ended.then(() => {
    hasEnded = true;
  });
  await until(() => proxy.stdout.includes('"listening"') || hasEnded, 'the proxy to listen', START_TIMEOUT_MS);
  if (hasEnded) throw new Error(`Cannot open a proxy: it ended, and said ${proxy.stderr}`);
  return proxy;
}

/** Spawns a proxy that ends with the test. */
export async function startProxy(url: string, args?: readonly string[]): Promise<ProxyProcess> {
  const proxy = await openProxy(url, args);
  onTestFinished(() => proxy.kill());
  return proxy;
}

/** Starts a proxy at a port of this machine and the next, whichever are free. Resolves to its URL. */
export async function startProxyAtPort(secret = ''): Promise<string> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const url = `zeromq://${secret === '' ? '' : `:${secret}@`}127.0.0.1:${port}`;
    try {
      await startProxy(url);
      return url;
    } catch (error) {
      if (!String(error).includes('another process has this port')) throw error;
    }
  }
}

/** Makes a folder for sockets; whoever does removes it. */
export function createSocketFolder(): string {
  return mkdtempSync(join(tmpdir(), 'message-flow-'));
}

/** Makes the URL of a proxy in a folder that goes with the test. */
export function createProxyUrl(): string {
  const folder = createSocketFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `zeromq+ipc://${folder}`;
}
