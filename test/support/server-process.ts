import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

/** A server as a process of its own. */
export interface ServerProcess {
  /** What its line of readiness said: the first group of `ready`. */
  readonly address: string;
  /** What it printed, of either kind. */
  readonly output: string;
  /** Sends SIGTERM and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a fallen machine would. */
  kill(): Promise<void>;
}

/** How a server is started. `env` is all that it gets. */
export interface ServerStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Matches what it prints once it listens; the first group is its address. */
  readonly ready: RegExp;
}

/** Starts a server and waits until it says that it listens; it ends with the test. */
export async function startServer({ command, args, cwd, env = {}, ready }: ServerStart): Promise<ServerProcess> {
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let fault: Error | undefined;
  child.on('error', (error) => {
    fault = error;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  onTestFinished(() => end(child, 'SIGKILL'));
  const what = [command, ...args].join(' ');
  const address = await until(
    () => {
      if (fault) throw fault;
      if (child.exitCode !== null) throw new Error(`Cannot start "${what}": it exited, and said:\n${output}`);
      return ready.exec(output)?.[1];
    },
    `"${what}" to listen`,
    START_TIMEOUT_MS,
  );
  return {
    address,
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

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
