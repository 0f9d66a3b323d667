import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

const PROGRAM = join(import.meta.dirname, '../../examples/observatory/dist/back/server.js');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

/** The example's server, as a process of its own. */
export interface Observatory {
  readonly port: number;
  readonly url: string;
  /** What it printed, of either kind. */
  readonly output: string;
  /** Sends SIGTERM and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a fallen machine would. */
  kill(): Promise<void>;
}

/** Starts the built example on a free port; it ends with the test. `env` is all that it gets, beside a data folder of its own. */
export async function startObservatory(env: Record<string, string> = {}): Promise<Observatory> {
  const observatory = await openObservatory({ DATA: env.DATA ?? (await createDataFolder()), ...env });
  onTestFinished(() => observatory.kill());
  return observatory;
}

/** The same for several tests: whoever calls it kills it, and removes its data folder. */
export async function openObservatory(env: Record<string, string> & { DATA: string }): Promise<Observatory> {
  if (!existsSync(PROGRAM)) throw new Error(`Cannot start the example: nothing at "${PROGRAM}"; run "npm run build"`);
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PORT: '0', DRAIN_WINDOW_MS: '200', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ready = () => /http:\/\/localhost:(\d+)/.exec(output)?.[1] ?? (child.exitCode === null ? undefined : '0');
  let port: number;
  try {
    port = Number(await until(ready, 'the example to start', START_TIMEOUT_MS));
  } catch (error) {
    await end(child, 'SIGKILL');
    throw new Error(`${(error as Error).message}; it said:\n${output}`);
  }
  if (port === 0) throw new Error(`Cannot start the example: it exited, and said:\n${output}`);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get output() {
      return output;
    },
    async stop() {
      await end(child, 'SIGTERM');
      return child.exitCode;
    },
    kill: () => end(child, 'SIGKILL'),
  };
}

/** Creates a folder that is gone when the test is. */
export async function createDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'observatory-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Says something to a user, or to everyone, as any other program would. */
export async function publish(
  { url }: Observatory,
  messages: readonly { user?: string; everyone?: true; id: string; data: unknown; key?: string }[],
): Promise<void> {
  const response = await fetch(`${url}/gateway/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(messages),
  });
  if (!response.ok) throw new Error(`Cannot publish: ${response.status} ${await response.text()}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
