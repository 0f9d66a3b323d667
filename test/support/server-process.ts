import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 30_000;

/** A server as a process of its own. */
export interface ServerProcess {
  /** Where it listens, as `ready` found it. */
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
  /** Matches what it prints once it listens, and the first group is its address; or its address, where a GET is well then. */
  readonly ready: RegExp | URL;
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
  onTestFinished(() => end(child, 'SIGTERM')); // a supervisor ends its own then
  const what = [command, ...args].join(' ');
  const address = await until(
    async () => {
      if (fault) throw fault;
      if (child.exitCode !== null) throw new Error(`Cannot start "${what}": it exited, and said:\n${output}`);
      return ready instanceof URL ? await findAnswering(ready) : ready.exec(output)?.[1];
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

async function findAnswering({ href }: URL): Promise<string | undefined> {
  try {
    return (await fetch(href)).ok ? href : undefined;
  } catch {
    return undefined; // nobody listens there yet
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
