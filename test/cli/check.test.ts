import { createServer } from 'node:http';
import { createMemoryBroker } from 'message-flow/broker';
import { expect, onTestFinished, test } from 'vitest';
import { listening } from '../backend/listening.ts';
import { RIGHTS } from '../broker/redis/redis-world.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { OTHER_SECRET, openGateway, SECRET } from './open-gateway.ts';
import { createFolder, runProgram, type World } from './program.ts';

/** The table's rows: name, state, detail. */
async function check(args: readonly string[] = [], world: World = {}) {
  const { code, stdout, stderr } = await runProgram(['check', ...args], world);
  const rows = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => /^(\S+) +(ok|failed|skipped) *(.*)$/.exec(line)?.slice(1));
  return { code, stderr, rows };
}

test('a running gateway and its configuration are all well', async () => {
  const { url } = await openGateway();
  const args = ['--gateway', url, '--broker', 'memory:', '--single'];
  expect(await check(args, { env: { FLOW_SECRET: SECRET } })).toEqual({
    code: 0,
    stderr: '',
    rows: [
      ['configuration', 'ok', '--broker, --single, FLOW_SECRET, --gateway'],
      ['broker', 'ok', 'memory: is in the process itself'],
      ['health', 'ok', 'broker, ring, socket'],
      ['ready', 'ok', ''],
      ['websocket', 'ok', `${url.replace('http', 'ws')}/websocket`],
      ['token', 'ok', 'signed, and taken'],
    ],
  });
});

test('what is not configured is skipped, with how to have it checked', async () => {
  expect(await check()).toEqual({
    code: 0,
    stderr: '',
    rows: [
      ['configuration', 'ok', 'nothing is set'],
      ['broker', 'skipped', 'name one by --broker'],
      ['gateway', 'skipped', 'name a running one by --gateway'],
    ],
  });
});

test('without a secret the handshake is tried, and signing in is not', async () => {
  const { url } = await openGateway();
  const { code, rows } = await check(['--gateway', url]);
  expect([code, ...rows.slice(-2)]).toEqual([
    0,
    ['websocket', 'ok', `${url.replace('http', 'ws')}/websocket`],
    ['token', 'skipped', 'set the secret by FLOW_SECRET or --secret-file to sign in'],
  ]);
});

test('every mistake of environment and file is a row, and so is what is unsafe', async () => {
  const cwd = createFolder({ 'message-flow.json': '{"prot": 1, "broker": "memory:", "origin": "*"}' });
  const { code, stderr, rows } = await check([], { cwd, env: { FLOW_PORT: 'abc' } });
  expect([code, stderr]).toEqual([1, '']);
  expect(rows.filter((row) => row?.[1] === 'failed').map((row) => row?.[2])).toEqual([
    'There is no setting "prot", found in message-flow.json, did you mean port?',
    'Cannot use FLOW_PORT "abc": it must be a whole number from 0 to 65535',
    expect.stringContaining('Cannot use memory: as the broker'),
    expect.stringContaining('Cannot let pages of any origin connect'),
  ]);
});

test('a file that is no JSON is a row', async () => {
  const { code, rows } = await check([], { cwd: createFolder({ 'message-flow.json': '{' }) });
  expect([code, rows[0]]).toEqual([
    1,
    ['configuration', 'failed', 'Cannot use message-flow.json: it is not JSON, line 1, column 2'],
  ]);
});

test('a broker that no engine serves has failed, and its password is not shown', async () => {
  const { code, rows } = await check(['--broker', 'unknown://user:canary@host']);
  expect([code, rows[1]]).toEqual([
    1,
    [
      'broker',
      'failed',
      expect.stringContaining('Cannot use the broker "unknown://…@host": it must begin with one of memory:'),
    ],
  ]);
});

test('a Redis that lacks our functions has failed, though it is well', async () => {
  const server = await startRedisServer();
  onTestFinished(() => server.remove());
  await server.admin('ACL', 'SETUSER', 'flow', 'on', '>hunter2', ...RIGHTS);
  const { code, rows } = await check(['--broker', server.url.replace('//', '//flow:hunter2@')]);
  expect([code, rows[1]]).toEqual([1, ['broker', 'failed', expect.stringContaining('let another load REDIS_LIBRARY')]]);
});

test('a gateway with another secret refuses the token, with its mend', async () => {
  const { url } = await openGateway();
  const { code, rows } = await check(['--gateway', url], { env: { FLOW_SECRET: OTHER_SECRET } });
  expect([code, rows.at(-1)]).toEqual([
    1,
    [
      'token',
      'failed',
      "The gateway refused the token, wrong-signature: it was signed by another secret than the gateway's",
    ],
  ]);
});

test('a gateway whose broker is away is told part by part', async () => {
  const broker = createMemoryBroker();
  const { url } = await openGateway({ broker });
  await broker.close();
  const { code, rows } = await check(['--gateway', url]);
  expect(code).toBe(1);
  expect(rows.slice(2, 4)).toEqual([
    ['health', 'failed', expect.stringMatching(/^broker: closed; ring: .*; socket: /)],
    ['ready', 'failed', 'its broker is away, or it is about to end: see its log'],
  ]);
});

test('a wrong path of WebSockets is told with its mend', async () => {
  const { url } = await openGateway();
  const { rows } = await check(['--gateway', url, '--path', '/ws', '--development']);
  expect(rows.slice(-2)).toEqual([
    [
      'websocket',
      'failed',
      `No WebSocket at ${new URL(url).host}/ws, 404: name its path by --path, or the whole ws:// address by --gateway`,
    ],
    ['token', 'skipped', 'there is no connection to try it on'],
  ]);
});

test('where nothing listens, each row says so', async () => {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const { code, rows } = await check(['--gateway', url]);
  const nothing = expect.stringContaining(`Nothing listens at ${new URL(url).host}`);
  expect([code, ...rows.slice(2, 5)]).toEqual([
    1,
    ['health', 'failed', nothing],
    ['ready', 'failed', nothing],
    ['websocket', 'failed', nothing],
  ]);
});

test('a server that is no gateway is told so', async () => {
  const url = await listening(createServer((_, response) => response.end('hello')));
  const { code, rows } = await check(['--gateway', url]);
  expect([code, rows[2]]).toEqual([
    1,
    [
      'health',
      'failed',
      `no gateway answers at ${url}, the answer was 200: one alone has its routes at "/", the example at "/gateway"; what stands before it may keep this one back, as the pool's nginx does`,
    ],
  ]);
});
