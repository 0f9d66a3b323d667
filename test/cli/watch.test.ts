import { createServer } from 'node:http';
import { createMemoryBroker } from 'message-flow/broker';
import type { Clock } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { listening } from '../backend/listening.ts';
import { openCutProxy } from '../support/cut-proxy.ts';
import { until } from '../support/until.ts';
import { type OpenGateway, OTHER_SECRET, openGateway, SECRET } from './open-gateway.ts';
import { type Program, runProgram, startProgram, type World } from './program.ts';

const ENV = { FLOW_SECRET: SECRET };

async function startWatch(gateway: string, args: readonly string[] = [], world: World = {}): Promise<Program> {
  const program = startProgram(['watch', 'ada', '--gateway', gateway, ...args], { env: ENV, ...world });
  await until(() => program.stderr.includes('live\n'), 'the watcher to be live');
  return program;
}

/** The fields of each line. */
const linesOf = ({ stdout }: Pick<Program, 'stdout'>) =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('  '));
const dataOf = (program: Pick<Program, 'stdout'>) => linesOf(program).map((fields) => fields[4]);
const hasLines = (program: Program, count: number) => until(() => linesOf(program).length >= count, `${count} lines`);

test('what is sent to the user, to everyone and to a channel is a line each, and to others none', async () => {
  const { url, append, broker } = await openGateway();
  const watch = await startWatch(url, ['channel/project/p1', '--count', '3']);
  await append('user/bob', 'tick', '0');
  await append('user/ada', 'TASK DONE', '"hello"');
  await append('everyone', 'notice', '{"n": 1.0}');
  await append('channel/project/p1', 'saved', '12345678901234567890');
  const { code, stdout } = await watch.ended;
  const top = [...(await broker.tops(['user/ada' as never])).values()][0];
  expect(code).toBe(0);
  const lines = linesOf({ stdout });
  const own = lines.find(([, log]) => log === 'user/ada');
  expect(own).toEqual([expect.stringMatching(/^\d{4}-.*Z$/), 'user/ada', top, 'TASK DONE', '"hello"']);
  // Between logs there is no order.
  expect(lines.map(([, log, , event, data]) => `${log} ${event} ${data}`).sort()).toEqual([
    'channel/project/p1 saved 12345678901234567890',
    'everyone notice {"n": 1.0}',
    'user/ada TASK DONE "hello"',
  ]);
});

test('--json gives lines of JSON', async () => {
  const { url, append } = await openGateway();
  const watch = await startWatch(url, ['--count', '1', '--json']);
  await append('user/ada', 'tick', '{"n": 12345678901234567890}');
  const { stdout } = await watch.ended;
  expect(stdout).toContain('"data":{"n": 12345678901234567890}}\n');
  expect(JSON.parse(stdout)).toMatchObject({ log: 'user/ada', event: 'tick' });
});

test('--from start begins with all that is kept, --from now with what comes', async () => {
  const { url, append } = await openGateway();
  for (const log of ['user/ada', 'channel/a']) await append(log, 'tick', '"kept"');
  const [all, coming] = [
    await startWatch(url, ['channel/a', '--from', 'start', '--count', '4']),
    await startWatch(url, ['channel/a', '--count', '2']),
  ];
  for (const log of ['user/ada', 'channel/a']) await append(log, 'tick', '"new"');
  expect(dataOf(await all.ended).sort()).toEqual(['"kept"', '"kept"', '"new"', '"new"']);
  expect(dataOf(await coming.ended)).toEqual(['"new"', '"new"']);
});

test('beginning now is no gap', async () => {
  const { url, append } = await openGateway();
  await append('user/ada', 'tick', '1');
  const watch = await startWatch(url);
  expect(watch.stderr).toBe(
    `message-flow watch: connecting to ${url.replace('http', 'ws')}/websocket\nmessage-flow watch: live\n`,
  );
});

test('what was sent while it was cut off follows, once and in order', async () => {
  const { port, append } = await openGateway();
  const proxy = await openCutProxy(port);
  const watch = await startWatch(proxy.url);
  await append('user/ada', 'tick', '1');
  await hasLines(watch, 1);
  proxy.holdWebSockets();
  proxy.resetWebSockets();
  await append('user/ada', 'tick', '2');
  proxy.releaseWebSockets();
  await append('user/ada', 'tick', '3');
  await hasLines(watch, 3);
  expect(dataOf(watch)).toEqual(['1', '2', '3']);
  expect(watch.stderr).toContain('not connected, closed: trying again\n');
});

test('another gateway over the same logs goes on where the last one ended', async () => {
  const broker = createMemoryBroker();
  const [first, second] = [await openGateway({ broker, drainWindowMs: 200 }), await openGateway({ broker })];
  const proxy = await openCutProxy(first.port);
  const watch = await startWatch(proxy.url);
  await first.append('user/ada', 'tick', '1');
  await hasLines(watch, 1);
  proxy.lead(second.port);
  await first.gateway.drain();
  await second.append('user/ada', 'tick', '2');
  await hasLines(watch, 2);
  expect(dataOf(watch)).toEqual(['1', '2']);
});

test('logs that began anew are a gap, told on stderr', async () => {
  const [first, second] = [await openGateway(), await openGateway()];
  const proxy = await openCutProxy(first.port);
  const watch = await startWatch(proxy.url);
  proxy.lead(second.port);
  proxy.resetWebSockets();
  await until(() => watch.stderr.includes('gap in user/ada: reset'), 'the gap');
  await second.append('user/ada', 'tick', '2');
  await hasLines(watch, 1);
  expect(dataOf(watch)).toEqual(['2']);
});

test('its token is renewed before its end, again and again, on the same connection', async () => {
  let aheadMs = 0;
  let signed = 0;
  const wallClock = () => Date.now() + aheadMs;
  const { url } = await openGateway({ wallClock });
  const world = {
    wallClock() {
      signed++;
      return wallClock();
    },
  };
  const watch = await startWatch(url, [], world);
  for (const count of [2, 3]) {
    aheadMs += 590_000;
    await until(() => signed === count, `token ${count}`);
  }
  expect(watch.stderr).not.toContain('not connected');
});

test('Ctrl-C ends it with 0', async () => {
  const { url } = await openGateway();
  const watch = await startWatch(url);
  watch.stop();
  expect((await watch.ended).code).toBe(0);
});

test('Ctrl-C before it is connected ends it with 0', async () => {
  const url = await listening(createServer().on('upgrade', () => {}));
  const watch = startProgram(['watch', 'ada', '--gateway', url], { env: ENV });
  await until(() => watch.stderr.includes('connecting'), 'it to connect');
  watch.stop();
  expect((await watch.ended).code).toBe(0);
});

async function revoke({ append }: OpenGateway, user: string): Promise<void> {
  await append('control', 'revoke', JSON.stringify({ user, before: Date.now() + 60_000 }));
}

test('revoked while it follows, it ends with 1', async () => {
  const gateway = await openGateway();
  const watch = await startWatch(gateway.url);
  await revoke(gateway, 'ada');
  const { code, stderr } = await watch.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('message-flow watch: Revoked: this user, session or token may no longer follow\n');
});

const REFUSED = 'message-flow watch: The gateway refused the token, ';

test.each([
  ['revoked', SECRET, 'revoked: this user, session or token may no longer follow'],
  ['signed by another secret', OTHER_SECRET, "wrong-signature: it was signed by another secret than the gateway's"],
])('a token that is %s ends it with 1 and the reason', async (state, secret, reason) => {
  const gateway = await openGateway();
  if (state === 'revoked') await revoke(gateway, 'ada');
  const { code, stderr } = await runProgram(['watch', 'ada', '--gateway', gateway.url], {
    env: { FLOW_SECRET: secret },
  });
  expect([code, stderr.split('\n').at(-2)]).toEqual([1, `${REFUSED}${reason}`]);
});

test('a token from a clock that is ahead ends it with 1 and the reason', async () => {
  const { url } = await openGateway();
  const { code, stderr } = await runProgram(['watch', 'ada', '--gateway', url], {
    env: ENV,
    wallClock: () => Date.now() + 60_000,
  });
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    `${REFUSED}not-yet-valid: the clock of the machine that signed it is ahead of the gateway's`,
  ]);
});

/** A token as `message-flow token` prints it. */
async function makeToken(args: readonly string[] = [], world: World = {}): Promise<string> {
  return (await runProgram(['token', 'ada', ...args], { env: ENV, ...world })).stdout.trim();
}

test('a token made elsewhere will do, and comes before a secret', async () => {
  const { url, append } = await openGateway();
  const env = { FLOW_SECRET: OTHER_SECRET, FLOW_TOKEN: await makeToken() };
  const watch = await startWatch(url, ['--count', '1'], { env });
  await append('user/ada', 'tick', '1');
  expect(await watch.ended).toMatchObject({ code: 0 });
});

test('a token that does not list a channel ends it with 1', async () => {
  const { url } = await openGateway();
  const { code, stderr } = await runProgram(['watch', 'ada', 'channel/a', '--gateway', url], {
    env: { FLOW_TOKEN: await makeToken() },
  });
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    'message-flow watch: Cannot follow channel/a, refused: the token must list it',
  ]);
});

test('a token that expired ends it with 1', async () => {
  const { url } = await openGateway();
  const env = { FLOW_TOKEN: await makeToken(['--lifetime', '1s'], { wallClock: () => Date.now() - 60_000 }) };
  const { code, stderr } = await runProgram(['watch', 'ada', '--gateway', url], { env });
  expect([code, stderr.includes(`${REFUSED}expired: make a new one`)]).toEqual([1, true]);
});

test('a token that ends while it follows, and that it can not renew, ends it with 1', async () => {
  let aheadMs = 0;
  const { url } = await openGateway({ wallClock: () => Date.now() + aheadMs });
  const env = { FLOW_TOKEN: await makeToken() };
  const watch = await startWatch(url, [], { env });
  aheadMs = 3_600_000;
  const { code, stderr } = await watch.ended;
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    'message-flow watch: The token ended: make another by message-flow token, or give the secret, which renews it',
  ]);
});

test('where nothing listens, it says what to start and ends with 1', async () => {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const { code, stderr } = await runProgram(['watch', 'ada', '--gateway', url], { env: ENV });
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    `message-flow watch: Nothing listens at ${new URL(url).host}: start the example by make, or a gateway by message-flow gateway, or name another by --gateway`,
  ]);
});

test('a path without WebSockets is named with its mend', async () => {
  const { url } = await openGateway();
  const { code, stderr } = await runProgram(['watch', 'ada', '--gateway', url, '--path', '/ws'], { env: ENV });
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    `message-flow watch: No WebSocket at ${new URL(url).host}/ws, 404: name its path by --path, or the whole ws:// address by --gateway`,
  ]);
});

test('an address of a WebSocket is taken as it is', async () => {
  const { url } = await openGateway();
  await startWatch(`${url.replace('http', 'ws')}/websocket`, ['--path', '/nowhere']);
});

/** A clock whose timers fire at once, however far they are, if told so; time follows them. */
function createHastyClock(): Clock & { isHasty: boolean } {
  let now = 0;
  return {
    isHasty: false,
    now: () => now,
    after(ms, callback) {
      let isStopped = false;
      const fire = () => {
        if (isStopped) return;
        if (!this.isHasty && ms > 0) return void setImmediate(fire);
        now += ms;
        callback();
      };
      setImmediate(fire);
      return () => {
        isStopped = true;
      };
    },
  };
}

test('a server that never speaks is given up', async () => {
  const server = createServer();
  new WebSocketServer({ server });
  const url = await listening(server);
  const clock = createHastyClock();
  const watch = startProgram(['watch', 'ada', '--gateway', url], { env: ENV, clock });
  await until(() => watch.stderr.includes('connecting'), 'it to connect');
  clock.isHasty = true;
  const { code, stderr } = await watch.ended;
  expect([code, stderr.split('\n').at(-2)]).toEqual([
    1,
    `message-flow watch: No answer from ${new URL(url).host} within 10 s: it may be overloaded, or no gateway`,
  ]);
});

test('a gateway that falls silent is left, and tried again', async () => {
  const { port } = await openGateway();
  const proxy = await openCutProxy(port);
  const clock = createHastyClock();
  const watch = await startWatch(proxy.url, [], { clock });
  proxy.freeze();
  clock.isHasty = true;
  await until(() => watch.stderr.includes('not connected, silent: trying again'), 'the silence to be noticed');
  clock.isHasty = false;
  watch.stop();
  expect((await watch.ended).code).toBe(0);
});
