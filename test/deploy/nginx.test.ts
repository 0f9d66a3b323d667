import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const PATIENCE_MS = 40_000;
/** One a second: longer than nginx is patient, and far shorter than a gateway is with who does not sign in, 10 s. */
const BEATS = 6;

/** The pool's nginx with one gateway behind it, its longest silence cut from 60 s to 4: a gateway looks once a second. */
async function startNginx(gatewayOptions: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'run'));
  const config = await readFile(join(ROOT, 'deploy/nginx.conf'), 'utf8');
  expect(config).toContain('proxy_read_timeout 60s;');
  await writeFile(join(folder, 'run/nginx.conf'), config.replace('proxy_read_timeout 60s;', 'proxy_read_timeout 4s;'));
  const port = await findFreePort();
  await writeFile(join(folder, 'run/listen.conf'), `listen 127.0.0.1:${port};`);
  const gateway = ['gateway', '--development', '--socket', 'run/gateway-1.sock', ...gatewayOptions];
  start(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...gateway], folder);
  await until(() => existsSync(join(folder, 'run/gateway-1.sock')), 'the gateway', PATIENCE_MS);
  start(join(ROOT, 'deploy/start-nginx'), [], folder);
  await until(() => existsSync(join(folder, 'run/nginx.pid')), 'nginx', PATIENCE_MS);
  return port;
}

function start(command: string, args: readonly string[], cwd: string): void {
  const child: ChildProcess = spawn(command, args, { cwd, stdio: 'ignore', env: { PATH: process.env.PATH } });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
}

/** A WebSocket of bare bytes, which answers nothing: what came until now, and whether it has ended. */
function openRaw(port: number, request = formatUpgrade(port)): { text: string; hasEnded: boolean } {
  const state = { text: '', hasEnded: false };
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(request);
  socket.setEncoding('latin1').on('data', (text: string) => {
    state.text += text;
  });
  socket.on('close', () => {
    state.hasEnded = true;
  });
  return state;
}

function formatUpgrade(port: number): string {
  return (
    `GET /websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  );
}

test('nginx cuts a WebSocket that is silent for longer than its time, without a word', async () => {
  const state = openRaw(await startNginx(['--heartbeat', '1h', '--ping-interval', 'off']));
  await until(() => state.hasEnded, 'the cut', PATIENCE_MS);
  // A gateway that ends a connection says so in a close frame, whose first byte is 0x88.
  expect(state.text.slice(state.text.indexOf('\r\n\r\n') + 4)).toBe('\x81\x16{"id": "AUTH REQUEST"}');
});

test("the gateway's heartbeats keep it open", async () => {
  const state = openRaw(await startNginx(['--heartbeat', '1s', '--ping-interval', 'off']));
  await until(() => state.text.split('<3').length > BEATS, 'more heartbeats than that has seconds', PATIENCE_MS);
  expect(state.hasEnded).toBe(false);
});

test("the gateway's pings keep it open", async () => {
  const state = openRaw(await startNginx(['--heartbeat', '1h', '--ping-interval', '1s', '--silence-timeout', '1h']));
  await until(() => state.text.split('\x89\x00').length > BEATS, 'more pings than that has seconds', PATIENCE_MS);
  expect(state.hasEnded).toBe(false);
});

test('a request whose headers never end is cut', async () => {
  const state = openRaw(await startNginx([]), 'GET / HTTP/1.1\r\nHost: x\r\n');
  await until(() => state.hasEnded, 'the cut', PATIENCE_MS);
});
