import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { bundleProgram } from './bundle.ts';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, `.cache/ring-${process.pid}`);
const PROGRAM = join(FOLDER, 'main.js');
const LIMIT_MS = 60_000;

/** A backend with its gateway, as a process of Node, whatever runs the tests. */
export interface RingProcess {
  readonly port: number;
  /** Sends to the user's own log. */
  send(text: string): Promise<void>;
  /** Sends to the channel `project/p1`. */
  save(path: string): Promise<void>;
  /** Signs the user out. */
  revoke(): Promise<void>;
  /** Resets every connection to it, and sends to the user's own log before any is back. */
  cutAndSend(text: string): Promise<void>;
}

/** Bundles the program from its sources for the tests of a file: Node 20 runs no TypeScript. */
export function buildRingProgram(): void {
  beforeAll(async () => {
    await bundleProgram('test/support/ring-program.ts', PROGRAM);
  }, LIMIT_MS);
  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));
}

/** Spawns it and waits until it listens; it ends with the test. */
export async function startRing(): Promise<RingProcess> {
  const child = spawn('node', [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.stdin.end();
    await ended;
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const found = await until(() => /^port (\d+)\n/.exec(output) ?? undefined, 'the program to listen', LIMIT_MS);
  const port = Number(found[1]);
  async function act(name: string, said = ''): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}/test/${name}`, {
      method: 'POST',
      body: JSON.stringify(said),
    });
    if (!response.ok) throw new Error(`Cannot ${name}: ${response.status} ${await response.text()}`);
  }
  return {
    port,
    send: (text) => act('send', text),
    save: (path) => act('save', path),
    revoke: () => act('revoke'),
    cutAndSend: (text) => act('cut', text),
  };
}
