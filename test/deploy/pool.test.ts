import { exec } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createBroker } from 'message-flow/broker';
import { EVERYONE } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { nameFile } from '../../examples/observatory/back/file-name.ts';
import { launchChromium } from '../support/chromium.ts';
import { createSeries, NETWORK_ERROR, openDesk, waitForText } from '../support/desk-page.ts';
import { type NumberedPublisher, startNumberedPublisher } from '../support/numbered-publisher.ts';
import { openPlan } from '../support/plan-page.ts';
import { type Pool, type Program, startPool } from '../support/pool.ts';
import { openPoolClient, type PoolClient } from '../support/pool-client.ts';
import { until } from '../support/until.ts';

const CANARY = 'canary-in-a-query';
/** A browser's console tells of every answer that nginx gave for a server that was away. */
const AWAY = new RegExp(`${NETWORK_ERROR.source}|status of 50[0-9]`);
const PATIENCE_MS = 60_000;
const TIMEOUT = { timeout: 240_000 };

let pool: Pool;
beforeAll(async () => {
  pool = await startPool();
}, 120_000);
afterAll(() => pool.remove(), 60_000);

test('an upload through nginx is answered at once, and its result arrives by the socket', TIMEOUT, async () => {
  const client = await openClient();
  const run = await client.post('short.csv', createSeries(20, 500));
  expect(run?.state).toEqual({ type: 'queued' });
  await until(() => client.ended.length === 1, 'the result', PATIENCE_MS);
  expect(client.ended.map(({ id, state }) => [id, state.type])).toEqual([[run?.id, 'done']]);
});

test("of the gateways' own routes nginx passes on one, to who has the key", TIMEOUT, async () => {
  const publishKey = readFileSync(join(pool.folder, 'run/publish-key'), 'utf8').trim();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${publishKey}` };
  const body = '{"user":"nobody","id":"tick","data":1}';
  const ask = async (path: string, init?: RequestInit) => (await fetch(`${pool.url}${path}`, init)).status;
  expect(await ask('/gateway/publish', { method: 'POST', headers, body })).toBe(200);
  expect(
    await ask('/gateway/publish', { method: 'POST', headers: { ...headers, authorization: 'Bearer x' }, body }),
  ).toBe(401);
  for (const path of [
    '/gateway/health',
    '/gateway/metrics',
    '/gateway/tops',
    '/websocket/health',
    '/health',
    '/metrics',
  ]) {
    expect([path, await ask(path)]).toEqual([path, 404]);
  }
});

test('the command that the page shows for a terminal reaches its user', TIMEOUT, async () => {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const desk = await openDesk(browser, pool.url);
  const shown = (await desk.page.locator('.identity code').textContent()) ?? '';
  const program = join(import.meta.dirname, '../../dist/cli/main.js');
  const command = shown.replace(/^npx message-flow /, `"${process.execPath}" "${program}" `);
  await Promise.all([
    waitForText(desk.page.locator('.toasts p'), 'hello'), // from now on, as it goes after some seconds
    promisify(exec)(command, { cwd: pool.folder }),
  ]);
});

test("another site's page may not connect", TIMEOUT, async () => {
  const socket = new WebSocket(`${pool.url.replace('http', 'ws')}/websocket`, { origin: 'https://elsewhere.example' });
  const status = await new Promise((resolve) => {
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
    socket.on('open', () => resolve('open'));
  });
  expect(status).toBe(403);
});

test('two web servers that share their data publish each of the news once', TIMEOUT, async () => {
  const broker = createBroker(pool.brokerUrl);
  onTestFinished(() => broker.close());
  const readNews = async () => {
    const { entries } = await broker.read(EVERYONE, 'start', 1_000);
    return entries.filter(({ event }) => event === 'news').map(({ key }) => key);
  };
  const news = await until(
    async () => {
      const keys = await readNews();
      return keys.length >= 6 && keys;
    },
    'the news of the sample',
    PATIENCE_MS,
  );
  expect([news.length, new Set(news).size]).toEqual([6, 6]);
});

test.each<Program>(['nginx', 'webs:web-1'])(
  'kill -9 of %s costs no entry and doubles none, and the client goes on by itself',
  TIMEOUT,
  async (program) => {
    const { client, publisher } = await openStream();
    await killUnder(program, client, publisher);
    expect(client.received).toEqual(numbers(1, await finish(client, publisher)));
  },
);

test('kill -9 of the gateway that holds the client costs no entry and doubles none', TIMEOUT, async () => {
  const { client, publisher } = await openStream();
  const gateway = await until(() => findGatewayOf(client.user), 'the gateway of the client', PATIENCE_MS);
  await killUnder(gateway, client, publisher);
  expect(client.received).toEqual(numbers(1, await finish(client, publisher)));
});

test(
  'kill -9 of the proxy is told as one gap a log, and from there on nothing is missed or doubled',
  TIMEOUT,
  async () => {
    const { client, publisher } = await openStream();
    await killUnder('proxy', client, publisher);
    const last = await finish(client, publisher);
    await until(() => client.gaps.length >= 2, 'the gap of each log', PATIENCE_MS);
    expect(client.gaps.map(({ log, reason }) => `${log} ${reason}`).sort()).toEqual([
      'everyone reset',
      `user/${client.user} reset`,
    ]);
    const entries = client.received.filter((text) => text !== EVERYONE);
    const gapAt = entries.indexOf(`user/${client.user}`);
    const [before, after] = [entries.slice(0, gapAt), entries.slice(gapAt + 1)];
    expect(before).toEqual(numbers(1, before.length));
    expect(after).toEqual(numbers(last - after.length + 1, last));
    // What was being acknowledged as the proxy fell was said again, and may have come before.
    expect(Number(after[0])).toBeGreaterThanOrEqual(before.length);
  },
);

test('a page whose proxy was killed is told of it, and fetches what it shows again', TIMEOUT, async () => {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const desk = await openDesk(browser, pool.url, { allowed: AWAY });
  await waitForText(desk.authenticated, 'Yes');
  await desk.choose('short.csv', createSeries(20, 500));
  await desk.runs('short.csv', 'done').waitFor();
  const fetched = desk.page.waitForRequest((request) => request.url().endsWith('/light-curves'), {
    timeout: PATIENCE_MS,
  });
  await pool.untilReplaced('proxy', await pool.signal('proxy', 'SIGKILL'));
  await fetched;
  await desk.arrivals('gap: reset').nth(1).waitFor({ timeout: PATIENCE_MS });
  expect(await desk.arrivals('gap: reset').count()).toBe(2);
  await desk.choose('next.csv', createSeries(20, 500));
  await desk.runs('next.csv', 'done').waitFor();
});

test('two users go on editing one plan while a web server and a gateway are killed', TIMEOUT, async () => {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const [ada, bob] = [
    await openPlan(browser, pool.url, { allowed: AWAY }),
    await openPlan(browser, pool.url, { allowed: AWAY }),
  ];
  await ada.add('M31');
  await bob.untilShown('M31');
  for (const [program, name] of [
    ['webs:web-1', 'M42'],
    ['gateways:gateway-1', 'M13'],
  ] as const) {
    const pid = await pool.signal(program, 'SIGKILL');
    await ada.add(name);
    await bob.add(`${name} again`);
    await pool.untilReplaced(program, pid);
    for (const { page } of [ada, bob])
      await page.locator('.sync', { hasText: ', 0 pending' }).waitFor({ timeout: PATIENCE_MS });
  }
  await bob.target('M31').getByRole('checkbox').check();
  await until(
    async () => {
      const [shown, other] = [await ada.readTargets(), await bob.readTargets()];
      return shown.includes('✓ M31') && JSON.stringify(shown) === JSON.stringify(other);
    },
    'both to show one plan',
    PATIENCE_MS,
  );
  expect((await ada.readTargets()).sort()).toEqual(['M13', 'M13 again', 'M42', 'M42 again', '✓ M31']);
});

test('a computation that fell with its web server is told as failed when that one is back, once', TIMEOUT, async () => {
  const client = await openClient();
  const run = await client.post('long.csv', createSeries(25, 40_000));
  const id = run?.id ?? '';
  const folder = join(pool.folder, 'data');
  await until(
    () => existsSync(join(folder, 'outcomes', nameFile(client.user), `${id}.begun`)),
    'it to begin',
    PATIENCE_MS,
  );
  const { server } = JSON.parse(readFileSync(join(folder, 'uploads', nameFile(client.user), `${id}.json`), 'utf8'));
  await pool.signal(`webs:${server}` as Program, 'SIGKILL');
  await until(() => client.ended.length > 0, 'its end', PATIENCE_MS);
  await client.post('marker.csv', createSeries(20, 500));
  await until(() => client.ended.length > 1, 'what was posted after it', PATIENCE_MS);
  expect(client.ended.filter((run) => run.id === id).map(({ state }) => state.type)).toEqual(['failed']);
});

test('no upload that was acknowledged is lost while the web servers are killed in turn', TIMEOUT, async () => {
  const client = await openClient();
  const posted: string[] = [];
  for (const program of ['webs:web-1', 'webs:web-2'] as const) {
    for (let i = 0; i < 3; i++)
      posted.push((await client.post(`${program}-${i}.csv`, createSeries(20, 2_000)))?.id ?? '');
    await pool.untilReplaced(program, await pool.signal(program, 'SIGKILL'));
  }
  const acknowledged = posted.filter((id) => id !== '');
  expect(acknowledged.length).toBeGreaterThan(0);
  await until(
    () => acknowledged.every((id) => client.ended.some((run) => run.id === id)),
    'every outcome',
    PATIENCE_MS,
  );
  expect(client.ended.map(({ id }) => id).sort()).toEqual([...acknowledged].sort());
});

test('one command launches a third gateway, and nginx sends it connections', TIMEOUT, async () => {
  expect(await pool.make('gateway', 'N=3')).toContain('started');
  await until(
    async () => {
      const { user } = await openClient();
      return (await until(() => findGatewayOf(user), 'the gateway of a client', PATIENCE_MS)) === 'gateways:gateway-3';
    },
    'a client at the third gateway',
    PATIENCE_MS,
  );
});

test(
  'a proxy that is stuck is killed, and the gateways, which fail their checks too, are left alone',
  TIMEOUT,
  async () => {
    const gateways = ['gateways:gateway-1', 'gateways:gateway-2'] as const;
    const before = await Promise.all(gateways.map(pool.findPid));
    const client = await openClient();
    const pid = await pool.signal('proxy', 'SIGSTOP');
    const stoppedAt = performance.now();
    await pool.untilReplaced('proxy', pid);
    console.log(`SIGSTOP proxy: another in its place in ${since(stoppedAt)} ms`);
    await untilGoesOn(client, startNumberedPublisher(pool, client.user));
    expect(await Promise.all(gateways.map(pool.findPid))).toEqual(before);
    expect(listActs(pid)).toEqual([expect.stringContaining(`proxy, process ${pid}: killed after 3 failed checks`)]);
  },
);

test('a gateway that is stuck is killed, and it alone', TIMEOUT, async () => {
  const { client, publisher } = await openStream();
  const gateway = await until(() => findGatewayOf(client.user), 'the gateway of the client', PATIENCE_MS);
  const others = (['proxy', 'gateways:gateway-1', 'gateways:gateway-2'] as const).filter((name) => name !== gateway);
  const before = await Promise.all(others.map(pool.findPid));
  const pid = await pool.signal(gateway, 'SIGSTOP');
  const stoppedAt = performance.now();
  await pool.untilReplaced(gateway, pid);
  const last = await finish(client, publisher);
  console.log(
    `SIGSTOP ${gateway}: another in its place in ${since(stoppedAt)} ms, longest pause of entries ${client.longestPauseMs} ms`,
  );
  expect(client.received).toEqual(numbers(1, last));
  expect(await Promise.all(others.map(pool.findPid))).toEqual(before);
  expect(listActs(pid)).toEqual([
    expect.stringMatching(/gateway-\d, .* killed after 3 failed checks, no answer in 4000 ms$/),
  ]);
});

test('no log holds a secret, a token, a ticket or a query', TIMEOUT, async () => {
  await fetch(`${pool.url}/?token=${CANARY}`);
  await pool.control('stop', 'webs:*');
  await fetch(`${pool.url}/?token=${CANARY}`);
  await fetch(`${pool.url}/websocket?token=${CANARY}`, { headers: { authorization: `Bearer ${CANARY}` } });
  await pool.control('start', 'webs:web-1', 'webs:web-2');
  const logs = pool.readLogs();
  const publishKey = readFileSync(join(pool.folder, 'run/publish-key'), 'utf8').trim();
  for (const secret of [CANARY, pool.secret, publishKey, 'eyJ', 'observatory=', '?']) {
    expect(logs.split('\n').filter((line) => line.includes(secret))).toEqual([]);
  }
});

test('Ctrl-C leaves no process and no socket', TIMEOUT, async () => {
  await pool.interrupt();
  expect(pool.listProcesses()).toEqual([]);
  const left = readdirSync(join(pool.folder, 'run'), { withFileTypes: true }).filter((file) => file.isSocket());
  expect(left.map(({ name }) => name)).toEqual([]);
});

test('a supervisor that falls leaves no process either', TIMEOUT, async () => {
  const other = await startPool();
  onTestFinished(() => other.remove());
  await until(() => other.readLogs().includes('canary'), 'the first check of the watchdog', PATIENCE_MS);
  await other.killSupervisor();
  await until(() => other.listProcesses().length === 0, 'its programs to end', PATIENCE_MS);
});

async function openClient(): Promise<PoolClient> {
  const client = await openPoolClient(pool.url);
  onTestFinished(() => client.close());
  return client;
}

/** A client, and somebody who speaks to it all the time. */
async function openStream(): Promise<{ client: PoolClient; publisher: NumberedPublisher }> {
  const client = await openClient();
  const publisher = startNumberedPublisher(pool, client.user);
  await until(() => client.received.length > 20, 'entries to flow', PATIENCE_MS);
  return { client, publisher };
}

/** Kills a program, and waits until another is in its place and the client has what was said after that. */
async function killUnder(program: Program, client: PoolClient, publisher: NumberedPublisher): Promise<void> {
  const pid = await pool.signal(program, 'SIGKILL');
  const killedAt = performance.now();
  await pool.untilReplaced(program, pid);
  await untilGoesOn(client, publisher);
  console.log(
    `kill -9 ${program}: whole in ${since(killedAt)} ms, longest pause of entries ${client.longestPauseMs} ms`,
  );
}

/** Waits for something that is said from now on. Not for all of it: who is told `reset` goes on from the end. */
async function untilGoesOn(client: PoolClient, publisher: NumberedPublisher): Promise<void> {
  const next = publisher.acknowledged + 2; // the one after it may be under way since before
  await until(() => client.received.some((text) => Number(text) >= next), 'the client to go on', PATIENCE_MS);
}

async function finish(client: PoolClient, publisher: NumberedPublisher): Promise<number> {
  const last = await publisher.stop();
  await until(() => client.received.includes(String(last)), `number ${last}`, PATIENCE_MS);
  return last;
}

/** The gateway that a user is at, by its log. */
function findGatewayOf(user: string): Program | undefined {
  return [1, 2, 3]
    .map((number) => [number, join(pool.folder, `log/gateway-${number}.log`)] as const)
    .filter(([, path]) => existsSync(path) && readFileSync(path, 'utf8').includes(`"user":"${user}"`))
    .map(([number]): Program => `gateways:gateway-${number}`)
    .at(-1);
}

/** What the watchdog says that it did to a process. */
function listActs(pid: number): string[] {
  const lines = readFileSync(join(pool.folder, 'log/watchdog.log'), 'utf8').split('\n');
  return lines.filter((line) => line.includes(`process ${pid}:`));
}

function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}

function since(startMs: number): number {
  return Math.round(performance.now() - startMs);
}
