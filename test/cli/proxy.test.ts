import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Broker, createBroker } from 'message-flow/broker';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { buildProxyProgram, createProxyUrl, startProxy, startProxyAtPort } from '../proxy/proxy-process.ts';
import { layPush, openPub, openPush } from '../proxy/test-inlet.ts';
import { until } from '../support/until.ts';
import { createFolder, type Program, readLog, runProgram, startGatewayProgram, startProgram } from './program.ts';

const LOG = 'user/ada' as LogName;
const LIMIT_MS = 60_000;

buildProxyProgram();

test('it listens, and at a signal ends with 0 and removes its sockets', async () => {
  const folder = createFolder();
  const proxy = await startProxyProgram(`zeromq+ipc://${folder}`);
  expect(readLog(proxy.stdout)).toEqual([
    expect.objectContaining({ level: 'info', msg: 'listening', address: `zeromq+ipc://${folder}` }),
  ]);
  expect(existsSync(`${folder}/requests`)).toBe(true);
  proxy.stop();
  expect(await proxy.ended).toMatchObject({ code: 0, stderr: '' });
  expect(readLog(proxy.stdout).at(-1)).toMatchObject({ msg: 'ended', requests: 0, malformed: 0 });
  expect([`${folder}/requests`, `${folder}/live`].filter(existsSync)).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s its process ends in good order',
  async (signal) => {
    const proxy = await startProxy(createProxyUrl());
    proxy.signal(signal);
    expect(await proxy.ended).toEqual([0, null]);
  },
  LIMIT_MS,
);

test(
  'it takes the place of one that was killed',
  async () => {
    const url = createProxyUrl();
    const killed = await startProxy(url);
    await killed.kill();
    expect(existsSync(`${new URL(url).pathname}/requests`)).toBe(true);
    const proxy = await startProxyProgram(url);
    await isServed(connect(url));
    proxy.stop();
    expect((await proxy.ended).code).toBe(0);
  },
  LIMIT_MS,
);

test(
  'it leaves a place where another process listens, which goes on',
  async () => {
    const folder = createFolder();
    await startProxyProgram(`zeromq+ipc://${folder}`);
    expect(await runProgram(['proxy', '--broker', `zeromq+ipc://${folder}`])).toMatchObject({
      code: 1,
      stderr: `message-flow proxy: Cannot listen on ${folder}/requests: another process does; end it or choose another path\n`,
    });
    await isServed(connect(`zeromq+ipc://${folder}`));
  },
  LIMIT_MS,
);

test(
  'it ends with 1 when its socket is removed, and leaves what another process put there',
  async () => {
    const folder = createFolder();
    const proxy = await startProxyProgram(`zeromq+ipc://${folder}`);
    rmSync(`${folder}/live`);
    writeFileSync(`${folder}/live`, 'precious');
    expect(await proxy.ended).toMatchObject({
      code: 1,
      stderr: `message-flow proxy: Cannot go on: ${folder}/live was removed, or another process took its place\n`,
    });
    expect([existsSync(`${folder}/requests`), existsSync(`${folder}/live`)]).toEqual([false, true]);
  },
  LIMIT_MS,
);

test('a port that is taken is told with its mend, be it the second', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const port = (taken.address() as { port: number }).port - 1;
  const { code, stderr } = await runProgram(['proxy', '--broker', `zeromq://127.0.0.1:${port}`]);
  expect([code, stderr]).toEqual([
    1,
    `message-flow proxy: Cannot listen on zeromq://127.0.0.1:${port}: another process has this port or the next; choose another in --broker\n`,
  ]);
});

test('what is no socket is left where it is', async () => {
  const folder = createFolder({ requests: 'precious' });
  const { code, stderr } = await runProgram(['proxy', '--broker', `zeromq+ipc://${folder}`]);
  expect([code, stderr]).toEqual([
    1,
    `message-flow proxy: Cannot listen on ${folder}/requests: a file is there that is no socket; choose another path\n`,
  ]);
  expect(existsSync(`${folder}/requests`)).toBe(true);
});

test('a folder that is not there is told with its mend', async () => {
  const folder = `${createFolder()}/missing`;
  expect(await runProgram(['proxy', '--broker', `zeromq+ipc://${folder}`])).toMatchObject({
    code: 1,
    stderr: `message-flow proxy: Cannot listen on ${folder}/requests: there is no folder ${folder}; make it first\n`,
  });
});

test.each([
  ['There is no place to listen: name the place by --broker', []],
  ['Cannot keep logs at another broker: name the place by --broker', ['--broker', 'memory:']],
  ['Cannot keep logs at another broker: name the place by --broker', ['--broker', 'redis://me:hunter2@host']],
  ['whoever reaches that host could read and write every log', ['--broker', 'zeromq://0.0.0.0:5570']],
  ['at most 107 are possible', ['--broker', `zeromq+ipc:///${'x'.repeat(120)}`]],
  ['it must be a whole number, 1 or more', ['--broker', 'zeromq+ipc:///a', '--max-entries', '0']],
])('it says "%s" and ends with 2', async (reason, args) => {
  const { code, stderr } = await runProgram(['proxy', ...args]);
  expect([code, stderr.includes(reason), stderr.includes('hunter2')]).toEqual([2, true, false]);
});

test(
  'it keeps as many messages as it is told to',
  async () => {
    const url = createProxyUrl();
    await startProxy(url, ['--max-entries', '2']);
    const broker = connect(url);
    for (const key of ['a', 'b', 'c']) await append(broker, key);
    expect((await broker.read(LOG, 'start', 10)).entries.map(({ key }) => key)).toEqual(['b', 'c']);
  },
  LIMIT_MS,
);

test(
  'its logs are reached by a port of this machine too',
  async () => {
    await isServed(connect(await startProxyAtPort()));
  },
  LIMIT_MS,
);

test(
  'a gateway that is started before its proxy says so in one line and that it is there in another, and is ready then',
  async () => {
    const broker = createProxyUrl();
    const gateway = await startGatewayProgram(['--development', '--broker', broker]);
    const told = () => readLog(gateway.stdout).filter(({ msg }) => msg === 'waiting for the broker');
    const [line] = await until(() => told().length > 0 && told(), 'the gateway to say so', LIMIT_MS);
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringContaining(broker) });
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
    await startProxy(broker);
    await until(async () => (await fetch(`${gateway.url}/ready`)).ok, 'the gateway to be ready', LIMIT_MS);
    await until(async () => (await fetch(`${gateway.url}/health`)).ok, 'the gateway to be well', LIMIT_MS);
    const isTold = () => readLog(gateway.stdout).some(({ msg }) => msg === 'the broker is there');
    await until(isTold, 'the gateway to say that it is there', LIMIT_MS);
    expect(told().length).toBe(1);
  },
  LIMIT_MS,
);

test(
  'check says whether the proxy answers',
  async () => {
    const url = createProxyUrl();
    const check = async () => {
      const { code, stdout } = await runProgram(['check', '--broker', url, '--development']);
      return [code, stdout.split('\n').find((line) => line.startsWith('broker'))];
    };
    expect(await check()).toEqual([1, expect.stringContaining(`no answer from the message proxy at ${url}`)]);
    await startProxy(url);
    expect(await check()).toEqual([0, `broker         ok       ${url}`]);
  },
  LIMIT_MS,
);

/** Runs `message-flow proxy` in this process until it listens. */
async function startProxyProgram(url: string): Promise<Program> {
  const proxy = startProgram(['proxy', '--broker', url]);
  await until(() => proxy.stdout.includes('"listening"') || proxy.stderr !== '', 'the proxy to listen', LIMIT_MS);
  if (proxy.stderr) throw new Error(proxy.stderr);
  return proxy;
}

function connect(url: string): Broker {
  const broker = createBroker(url);
  onTestFinished(() => broker.close());
  return broker;
}

async function isServed(broker: Broker): Promise<void> {
  const heard: string[] = [];
  await broker.tail(LOG, ({ key }) => void heard.push(key));
  await append(broker, 'served');
  await until(() => heard.includes('served'), 'the entry', LIMIT_MS);
}

function append(broker: Broker, key: string): Promise<unknown> {
  return broker.append(LOG, { key, event: 'said', data: '1' as EncodedJson });
}

test('it serves old publishers at their addresses, and tells at its end what came', async () => {
  const folder = createFolder();
  const flags = [
    '--xsub',
    `ipc://${folder}/in`,
    '--pull',
    'tcp://127.0.0.1:*',
    '--dialect',
    '2016',
    '--dialect',
    '2020',
  ];
  const proxy = startProgram(['proxy', '--broker', `zeromq+ipc://${folder}`, ...flags]);
  await until(() => proxy.stdout.includes('listening'), 'the proxy to listen');
  const { xsub, pull } = readLog(proxy.stdout)[0] as { xsub: string; pull: string };
  expect(xsub).toBe(`ipc://${folder}/in`);
  const push = openPush(pull);
  const pub = await openPub(xsub);
  await pub.send('0 {"username": "ada", "id": "TASK DONE", "data": 1.50}');
  await push.send(layPush('ada', 'x', 2));
  await push.send('not three parts');
  const broker = connect(`zeromq+ipc://${folder}`);
  await until(async () => (await broker.read(LOG, 'start', 10)).entries.length === 2, 'both entries');
  const { entries } = await broker.read(LOG, 'start', 10);
  expect(entries.map(({ data }) => data).sort()).toEqual(['1.50', '2']);
  await until(() => proxy.stdout.includes('messages-lost'), 'the word of the third');
  proxy.stop();
  expect((await proxy.ended).code).toBe(0);
  expect(readLog(proxy.stdout).at(-1)).toMatchObject({ inlet: { received: 3, appended: 2, lost: { 'not-json': 1 } } });
});

test('with another broker it serves old publishers alone', async () => {
  const folder = createFolder();
  const flags = ['--broker', 'memory:', '--development', '--xsub', `ipc://${folder}/in`, '--dialect', '2016'];
  const proxy = startProgram(['proxy', ...flags]);
  await until(() => proxy.stdout.includes('listening'), 'the inlet to listen');
  const pub = await openPub(`ipc://${folder}/in`);
  await pub.send('0 {"username": "ada", "id": "x", "data": 1}');
  await pub.send('what follows it');
  await until(() => proxy.stdout.includes('messages-lost'), 'the word of the second');
  proxy.stop();
  expect((await proxy.ended).code).toBe(0);
  expect(readLog(proxy.stdout).at(-1)).toMatchObject({ inlet: { received: 2, appended: 1 } });
});

test.each([
  [
    'no dialect',
    ['--xsub', 'ipc:///tmp/in'],
    'Cannot serve old publishers that may speak anything: list what they speak by --dialect',
  ],
  [
    'an address that others reach',
    ['--pull', 'tcp://*:64002', '--dialect', '2020'],
    'Cannot open the inlet: "tcp://*:64002" is reached from other machines, and who reaches it can send anything to anyone. Set it to ipc://… or to a port of 127.0.0.1',
  ],
])('old publishers with %s are a mistake', async (_, flags, message) => {
  const outcome = await runProgram(['proxy', '--broker', 'memory:', '--development', ...flags]);
  expect(outcome).toEqual({ code: 2, stdout: '', stderr: `message-flow proxy: ${message}\n` });
});
