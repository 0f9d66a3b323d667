import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'rolldown';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../support/until.ts';
import { openGateway, SECRET } from './open-gateway.ts';
import { createFolder, readLog } from './program.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Two folders below the manifest, as the source is and what is built. */
const PROGRAM = join(ROOT, '.cache/cli/main.js');

// Node 20 runs no TypeScript: bundled from the sources, so that no test waits for a build or runs an old one.
beforeAll(async () => {
  await build({
    input: join(ROOT, 'src/cli/main.ts'),
    platform: 'node',
    external: /^(?!\.|\/)/,
    logLevel: 'silent',
    output: { file: PROGRAM, format: 'esm' },
  });
});

const START_TIMEOUT_MS = 40_000;

interface Process {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

function spawnProgram(args: readonly string[], env: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: createFolder(),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      written[name] += chunk;
    });
  }
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    ended,
  };
}

/** Starts a gateway that a connection holds which does not leave by itself. */
async function spawnHeldGateway(): Promise<{ readonly gateway: Process; readonly socket: WebSocket }> {
  const gateway = spawnProgram(['gateway', '--development', '--port', '0']);
  const [listening] = await until(
    () => gateway.stdout.includes('listening') && readLog(gateway.stdout),
    'it to listen',
    START_TIMEOUT_MS,
  );
  const socket = new WebSocket(String(listening?.webSockets));
  await once(socket, 'message');
  return { gateway, socket };
}

test.each(['SIGTERM', 'SIGINT'] as const)('at %s a gateway waits for its clients, then ends with 0', async (signal) => {
  const { gateway, socket } = await spawnHeldGateway();
  const told = once(socket, 'message');
  gateway.child.kill(signal);
  expect(String((await told)[0])).toContain('"DRAIN"');
  expect(gateway.child.exitCode).toBeNull();
  socket.close();
  expect(await gateway.ended).toEqual([0, null]);
  expect(readLog(gateway.stdout).at(-1)?.msg).toBe('ended');
});

test('at the second signal a gateway ends at once, with 1', async () => {
  const { gateway, socket } = await spawnHeldGateway();
  const told = once(socket, 'message');
  gateway.child.kill('SIGTERM');
  await told;
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toEqual([1, null]);
});

test('a watcher whose reader has gone ends in good order', async () => {
  const { url, append } = await openGateway();
  const watch = spawnProgram(['watch', 'ada', '--gateway', url], { FLOW_SECRET: SECRET });
  await until(() => watch.stderr.includes('live'), 'it to be live', START_TIMEOUT_MS);
  watch.child.stdout?.destroy();
  await append('user/ada', 'tick', '1');
  expect(await watch.ended).toEqual([0, null]);
});

test('at SIGINT a watcher ends with 0', async () => {
  const { url } = await openGateway();
  const watch = spawnProgram(['watch', 'ada', '--gateway', url], { FLOW_SECRET: SECRET });
  await until(() => watch.stderr.includes('live'), 'it to be live', START_TIMEOUT_MS);
  watch.child.kill('SIGINT');
  expect(await watch.ended).toEqual([0, null]);
});

test('the process exits with the code of the program', async () => {
  const wrong = spawnProgram(['sned']);
  const version = spawnProgram(['--version']);
  expect([await wrong.ended, await version.ended]).toEqual([
    [2, null],
    [0, null],
  ]);
  expect(wrong.stderr).toBe('message-flow: There is no command "sned", did you mean send?\n');
});
