import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import { until } from '../support/until.ts';

/** What a program left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs in this process, in a world of its own. */
export interface Program {
  readonly stdout: string;
  readonly stderr: string;
  /** As Ctrl-C does. */
  stop(): void;
  readonly ended: Promise<Outcome>;
}

export type World = Partial<Pick<Io, 'env' | 'cwd' | 'clock' | 'random' | 'wallClock'>>;

/** A folder that does not exist, so that nothing of this machine is read. */
const NOWHERE = '/nowhere/of/the/tests';

/** Starts the program; it ends with the test. */
export function startProgram(argv: readonly string[], world: World = {}): Program {
  const ending = new AbortController();
  const written = { stdout: '', stderr: '' };
  const sinkOf = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const ended = run(argv, {
    env: {},
    cwd: NOWHERE,
    clock: {
      now: () => performance.now(),
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    wallClock: Date.now,
    random: () => 0, // no wait before a reconnect
    ...world,
    stdout: sinkOf('stdout'),
    stderr: sinkOf('stderr'),
    signal: ending.signal,
  }).then((code) => ({ code, ...written }));
  onTestFinished(async () => {
    ending.abort();
    await ended;
  });
  return {
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    stop: () => ending.abort(),
    ended,
  };
}

/** Runs the program to its end. */
export function runProgram(argv: readonly string[], world?: World): Promise<Outcome> {
  return startProgram(argv, world).ended;
}

/** Makes a folder with these files; it goes with the test. */
export function createFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs `message-flow gateway` until it listens. Resolves to it and its address. */
export async function startGatewayProgram(
  argv: readonly string[] = ['--development'],
  world?: World,
): Promise<Program & { readonly url: string }> {
  const program = startProgram(['gateway', '--port', '0', ...argv], world);
  let failure: Outcome | undefined;
  void program.ended.then((outcome) => {
    failure = outcome;
  });
  const listening = await until(() => {
    if (failure) throw new Error(failure.stderr);
    return readLog(program.stdout).find(({ msg }) => msg === 'listening');
  }, 'the gateway to listen');
  return Object.assign(program, { url: String(listening.address) });
}

/** What a gateway says of its health, once all of it is well: one check may take longer than it has on a busy machine. */
export async function findHealth(url: string): Promise<unknown> {
  const response = await fetch(`${url}/health`);
  const parts = await response.json();
  return response.ok ? parts : undefined;
}

/** The lines of a log, parsed. */
export function readLog(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
