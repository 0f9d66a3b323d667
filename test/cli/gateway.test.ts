import { spawnSync } from 'node:child_process';
import { existsSync, statSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { GatewayEvent } from 'message-flow/gateway';
import { DEVELOPMENT_SECRET, type LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { logGatewayEvent } from '../../src/cli/gateway-log.ts';
import { createProgramLog } from '../../src/cli/program-log.ts';
import { signOldToken } from '../support/old-token.ts';
import { until } from '../support/until.ts';
import { openGateway, PUBLISH_KEY, SECRET } from './open-gateway.ts';
import { createFolder, readLog, runProgram, startGatewayProgram, startProgram } from './program.ts';

test('it listens on a free port, and prints where, whatever the level', async () => {
  const { url, stdout } = await startGatewayProgram(['--development', '--log-level', 'error']);
  expect(readLog(stdout)).toEqual([
    expect.objectContaining({
      level: 'info',
      msg: 'listening',
      address: url,
      webSockets: `${url.replace('http', 'ws')}/websocket`,
    }),
  ]);
});

test.each([
  ['health', 200],
  ['ready', 200],
  ['metrics', 200],
  ['', 404],
  ['zebra', 404],
  ['publish', 405],
])('GET /%s is answered with %i', async (route, status) => {
  const { url } = await startGatewayProgram();
  await until(async () => (await fetch(`${url}/ready`)).ok, 'the control log to be read');
  expect((await fetch(`${url}/${route}`)).status).toBe(status);
});

test('publishing asks for the key', async () => {
  const { url } = await startGatewayProgram(['--single'], {
    env: { FLOW_SECRET: SECRET, FLOW_PUBLISH_KEY: PUBLISH_KEY },
  });
  const publish = (key: string) =>
    fetch(`${url}/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: '{"user":"ada","id":"tick","data":1}',
    });
  expect([(await publish('wrong')).status, (await publish(PUBLISH_KEY)).status]).toEqual([401, 200]);
});

test('WebSockets open at its path, for pages of its origins', async () => {
  const { url } = await startGatewayProgram(['--development', '--path', '/ws', '--origin', 'https://a.test']);
  const tryOrigin = (origin: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { origin });
      socket.on('message', (data) => resolve(String(data)));
      socket.on('error', (error) => resolve(error.message));
      onTestFinished(() => socket.terminate());
    });
  expect(await tryOrigin('https://a.test')).toBe('{"id": "AUTH REQUEST"}');
  expect(await tryOrigin('https://b.test')).toBe('Unexpected server response: 403');
});

test.each<[string, readonly string[], Record<string, string>]>([
  ['flags', ['--dialect', '2016', '--dialect', '2020', '--unexpiring-tokens'], {}],
  ['the environment', [], { FLOW_DIALECT: '2016,2020', FLOW_UNEXPIRING_TOKENS: 'yes' }],
])('older peers that %s list are served', async (_, flags, env) => {
  const gateway = await startGatewayProgram(['--development', ...flags], { env });
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/websocket`);
  onTestFinished(() => socket.terminate());
  const texts: string[] = [];
  socket.on('message', (text) => texts.push(String(text)));
  await until(() => texts.length === 1, 'AUTH REQUEST');
  socket.send(signOldToken({ username: 'ada' }, DEVELOPMENT_SECRET));
  await until(() => texts.length === 2, 'AUTH OK');
  expect(texts).toEqual(['{"id": "AUTH REQUEST", "actionType": "AUTH REQUEST"}', '{"id": "AUTH OK"}']);
  await until(() => gateway.stdout.includes('"dialect":"2016"'), 'its line in the log');
});

test('at a signal it drains, and ends with 0', async () => {
  const gateway = await startGatewayProgram();
  const watch = startProgram(['watch', 'ada', '--development', '--gateway', gateway.url]);
  await until(() => watch.stderr.includes('live'), 'the watcher to be live');
  gateway.stop();
  const { code, stdout } = await gateway.ended;
  expect(code).toBe(0);
  expect(readLog(stdout).map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(['draining', 'connection-closed', 'ended']),
  );
  expect(readLog(stdout).at(-1)?.msg).toBe('ended');
});

test('who does not leave in the drain window is closed', async () => {
  const gateway = await startGatewayProgram(['--development', '--drain-window', '1ms']);
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/websocket`);
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('message', resolve));
  gateway.stop();
  expect(await closed).toBe(1001);
  expect((await gateway.ended).code).toBe(0);
});

test('a port that is taken is named with its mend', async () => {
  const { port } = await openGateway();
  expect(await runProgram(['gateway', '--development', '--port', String(port)])).toEqual({
    code: 1,
    stdout: '',
    stderr: `message-flow gateway: Cannot listen on port ${port} of 127.0.0.1: another process does; choose another by --port, or any by --port 0\n`,
  });
});

test('an address of another machine is named with its mend', async () => {
  const { code, stderr } = await runProgram(['gateway', '--single', '--port', '0', '--host', '192.0.2.1'], {
    env: { FLOW_SECRET: SECRET },
  });
  expect(code).toBe(1);
  expect(stderr).toBe(
    'message-flow gateway: Cannot listen on port 0 of 192.0.2.1: this machine has no such address; set --host to one of its own, 0.0.0.0 for all\n',
  );
});

/** Listens on a Unix socket through the program, until its log says so. */
async function startOnSocket(folder: string, path = 'flow.sock') {
  const program = startProgram(['gateway', '--development', '--socket', path], { cwd: folder });
  await until(() => program.stdout.includes('listening'), 'the gateway to listen');
  return program;
}

function askSocket(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('it listens on a Unix socket, healthy, and removes it at its end', async () => {
  const folder = createFolder();
  const program = await startOnSocket(folder);
  const path = join(folder, 'flow.sock');
  expect(readLog(program.stdout)[0]).toMatchObject({ address: `unix:${path}` });
  await until(async () => (await askSocket(path, '/health')) === 200, 'it to be well');
  program.stop();
  await program.ended;
  expect(existsSync(path)).toBe(false);
});

test('a socket that a dead process left is replaced', async () => {
  const folder = createFolder();
  leaveDeadSocket(join(folder, 'flow.sock'));
  await startOnSocket(folder);
  await until(async () => (await askSocket(join(folder, 'flow.sock'), '/ready')) === 200, 'it to be ready');
});

/** A server that closes removes its file, so only one that is killed leaves it. */
function leaveDeadSocket(path: string): void {
  const source = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', source]);
  expect(statSync(path).isSocket()).toBe(true);
}

test.each([
  [
    'is too long',
    'x'.repeat(100),
    (path: string) =>
      `Cannot listen on ${path.slice(0, 160)}: the path has ${path.length} bytes, a Unix socket's at most 107; choose a shorter one`,
    2,
  ],
  [
    'has no folder',
    'none/a.sock',
    (path: string) => `Cannot listen on ${path}: there is no folder ${path.slice(0, -7)}; make it first`,
    1,
  ],
  [
    'is a file',
    'file',
    (path: string) => `Cannot listen on ${path}: a file is there that is no socket; choose another path`,
    1,
  ],
  [
    'is in use',
    'used.sock',
    (path: string) => `Cannot listen on ${path}: another process does; end it or choose another path`,
    1,
  ],
])("a socket's path that %s is named with its mend", async (_, name, message, code) => {
  const folder = createFolder({ file: 'text' });
  const used = createServer();
  await new Promise<void>((resolve) => used.listen(join(folder, 'used.sock'), resolve));
  onTestFinished(() => void used.close());
  const outcome = await runProgram(['gateway', '--development', '--socket', name], { cwd: folder });
  expect(outcome).toEqual({ code, stdout: '', stderr: `message-flow gateway: ${message(join(folder, name))}\n` });
});

test('a folder where this user may not write is named with its mend', async () => {
  const { code, stderr } = await runProgram(['gateway', '--development', '--socket', '/proc/flow.sock']); // not even root may
  expect([code, stderr]).toEqual([
    1,
    'message-flow gateway: Cannot listen on /proc/flow.sock: this user has no right to write there; choose another folder or another user\n',
  ]);
});

test('a link to a socket is left alone', async () => {
  const folder = createFolder();
  symlinkSync(join(folder, 'nothing'), join(folder, 'flow.sock'));
  const { code, stderr } = await runProgram(['gateway', '--development', '--socket', 'flow.sock'], { cwd: folder });
  expect([code, stderr.includes('a file is there that is no socket')]).toEqual([1, true]);
});

const EVIL = '\u001b[31m\n"{';
const EVENTS: readonly GatewayEvent[] = [
  { type: 'connection-opened', connection: 1 },
  { type: 'connection-authenticated', connection: 1, user: EVIL.repeat(1_000) },
  { type: 'connection-authenticated', connection: 2, user: 'ada', dialect: '2016' },
  { type: 'authentication-refused', connection: 1, reason: 'expired' },
  { type: 'connection-closed', connection: 1, user: EVIL, code: 1000, reason: EVIL },
  { type: 'upgrade-refused', status: 403, reason: 'origin not allowed' },
  { type: 'revoked', connections: 2 },
  { type: 'draining', connections: 2, withinMs: 5 },
  {
    type: 'fault',
    during: 'tail',
    log: 'user/ada' as LogName,
    error: new Error('redis://user:pass@host?password=pass is away'),
  },
];

test('every event of a gateway is one bounded line of JSON, and names no credentials', () => {
  let written = '';
  const log = createProgramLog({ write: (text) => (written += text) }, 'debug');
  for (const event of EVENTS) logGatewayEvent(log, event);
  expect(readLog(written).map(({ msg }) => msg)).toEqual(EVENTS.map(({ type }) => type));
  expect(written.split('\n').every((line) => line.length < 2_500)).toBe(true);
  expect(['\u001b', ':pass', '=pass'].filter((text) => written.includes(text))).toEqual([]);
});

test('the level decides what is logged', () => {
  let written = '';
  const log = createProgramLog({ write: (text) => (written += text) }, 'error');
  for (const event of EVENTS) logGatewayEvent(log, event);
  expect(readLog(written).map(({ msg }) => msg)).toEqual(['fault']);
});

test('a refused upgrade is logged without its query', async () => {
  const gateway = await startGatewayProgram();
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/zebra?token=canary`);
  await new Promise((resolve) => socket.on('error', resolve));
  await until(() => gateway.stdout.includes('upgrade-refused'), 'the log of it');
  expect(gateway.stdout).not.toContain('canary');
});
