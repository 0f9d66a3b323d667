import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Answer } from './asking.ts';
import type { Scope } from './scope.ts';

const ANSWER_TIMEOUT_MS = 30_000;

/** A process of a run. */
export interface Child {
  /** What it printed, of either kind. */
  readonly output: string;
  readonly isRunning: boolean;
  /** Asks a program of ours. */
  ask<T>(name: string, given?: unknown): Promise<T>;
  /** Resolves once it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** How a process is started. */
interface ChildStart {
  readonly file: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Answers questions. */
  readonly isAsked?: boolean;
}

/** Starts a program on Node; it ends with the scope. */
export function startChild(scope: Scope, { file, args, env = {}, isAsked = false }: ChildStart): Child {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(isAsked ? ['ipc' as const] : [])],
  });
  const open = new Map<number, (answer: Answer) => void>();
  let output = '';
  let count = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.on('message', (answer: Answer) => open.get(answer.id)?.(answer));
  const exited = once(child, 'exit');
  child.on('exit', () => {
    for (const [id, take] of open) take({ id, error: `it ended, and said:\n${output}` });
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals) => {
    if (!isRunning()) return;
    child.kill(signal);
    await exited;
  };
  scope.defer(() => end('SIGKILL'));
  return {
    get output() {
      return output;
    },
    get isRunning() {
      return isRunning();
    },
    ask<T>(name: string, given?: unknown) {
      const id = ++count;
      return new Promise<T>((resolve, reject) => {
        const fail = (reason: string) => reject(new Error(`Cannot ask ${args[0] ?? file} to ${name}: ${reason}`));
        const timer = setTimeout(() => take({ id, error: `no answer in ${ANSWER_TIMEOUT_MS} ms` }), ANSWER_TIMEOUT_MS);
        function take({ value, error }: Answer): void {
          clearTimeout(timer);
          open.delete(id);
          if (error === undefined) resolve(value as T);
          else fail(error);
        }
        if (!isRunning()) return take({ id, error: `it has ended, and said:\n${output}` });
        open.set(id, take);
        child.send({ id, name, given }, (error) => error && take({ id, error: String(error) }));
      });
    },
    end,
    signal: (signal) => void child.kill(signal),
  };
}
