import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignJWT } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Push } from 'zeromq';
import { openPage } from './support/browser-page.ts';
import { launchChromium } from './support/chromium.ts';
import { openCutProxy } from './support/cut-proxy.ts';
import { NETWORK_ERROR, REFUSED, waitForText } from './support/desk-page.ts';
import { applyDiff, followSection, getCommand, readSection } from './support/document.ts';
import { findFreePort } from './support/free-ports.ts';
import { controlPool } from './support/pool.ts';
import { createPython, type Python } from './support/python.ts';
import { type ServerProcess, startServer } from './support/server-process.ts';
import { until } from './support/until.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'docs/adopting.md');
/** Below the checkout, so that packages resolve as they do for an app that has installed them. */
const WORK = join(ROOT, '.cache', `adopting-${process.pid}`);
/** Newer entries that a log keeps. */
const RETENTION = 1_000;
const CLI = `node ${join(ROOT, 'dist/cli/main.js')}`;
const SECRET = 'a secret of the tests, thirty-two bytes or more';
/** Else the workers of root's nginx are nobody, who may not use root's sockets. */
const AS_ROOT = process.getuid?.() === 0 ? ' -g "user root root;"' : '';
/** Where the document's page is in each app. */
const EXPRESS = { 'index.html': 'public/index.html', 'page.js': 'public/static/page.js' };
const FLASK = { 'index.html': 'templates/index.html', 'page.js': 'static/page.js' };
const PATIENCE = { timeout: 300_000 };
/** A page whose gateway was away a few times tries again by chance, up to 30 s later; a gateway may be slow to start. */
const BACK_MS = 90_000;

/** What a page may print: refusals before it signs in, and 503 of a token that it asks for while no gateway is there. */
const AWAY = new RegExp(`${REFUSED.source}|${NETWORK_ERROR.source}|status of 503`);

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(WORK, { recursive: true, force: true });
});

/** Copies an app as it was before, installs Message Flow, and makes of it what sections of the document say, in their order. */
function adopt(app: string, places: Readonly<Record<string, string>>, headings: readonly string[]): string {
  const folder = join(WORK, app);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(import.meta.dirname, 'adopting', app), folder, { recursive: true });
  // What npm install leaves of a package in a folder.
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/message-flow'));
  symlinkSync('../message-flow/dist/cli/main.js', join(folder, 'node_modules/.bin/message-flow'));
  for (const heading of headings) {
    followSection(readSection(DOCUMENT, heading), folder, { places, env: { MESSAGE_FLOW: ROOT } });
  }
  return folder;
}

describe('a change that the document shows', () => {
  test('replaces and adds', () => {
    expect(applyDiff('a\nb\nc\n', ' a\n-b\n+d\n c\n+e\n')).toBe('a\nd\nc\ne\n');
  });

  test('may have several places', () => {
    expect(applyDiff('a\nb\nc\n', '+x\n a\n@@\n-c\n')).toBe('x\na\nb\n');
  });

  test.each([
    ['is not there', 'a\n', ' b\n+c\n'],
    ['is there twice', 'a\nb\na\n', ' a\n+c\n'],
    ['is only a part of a line', 'ba\n', ' a\n+c\n'],
  ])('is refused when its place %s', (_, text, diff) => {
    expect(() => applyDiff(text, diff)).toThrow('Cannot change a file');
  });
});

describe('An Express app', PATIENCE, () => {
  let folder: string;
  beforeAll(() => {
    folder = adopt('express-app', EXPRESS, ['An Express app', 'The page']);
  });

  async function start(): Promise<string> {
    const ready = /Listening on (\S+)/;
    const env = { PORT: '0' };
    return (await startServer({ command: process.execPath, args: ['server.js'], cwd: folder, env, ready })).address;
  }

  test('tells its page what it polled for before', async () => {
    await orderReport(await openReports(browser, await start()));
  });

  test('tells it after a reload', async () => {
    await orderReportAndReload(await openReports(browser, await start()));
  });

  test('has it fetch what its log no longer keeps', async () => {
    const proxy = await openCutProxy(Number(new URL(await start()).port));
    const page = await openReports(browser, proxy.url);
    proxy.holdWebSockets();
    proxy.resetWebSockets();
    await waitForText(page.locator('#connected'), 'Offline');
    await order(page, 'sales');
    const headers = { cookie: await readCookies(page), 'content-type': 'application/json' };
    for (let i = 0; i < RETENTION; i++) {
      const body = JSON.stringify({ title: `number ${i}` });
      await fetch(`${proxy.url}/reports`, { method: 'POST', headers, body });
    }
    proxy.releaseWebSockets();
    await page.locator('#reports li', { hasText: 'Report on number 999:' }).waitFor({ timeout: BACK_MS });
    await page.locator('#reports li', { hasText: 'Report on sales' }).waitFor({ timeout: BACK_MS });
    expect(await page.locator('#reports li').count()).toBe(RETENTION + 1);
  });

  test('does so in the pool, also while its gateways are killed', async () => {
    const folder = adopt('express-app', EXPRESS, [
      'An Express app',
      'The page',
      'The pool',
      'An Express app in the pool',
    ]);
    const pool = await startPool(folder, process.env.PATH);
    await orderReportFromPool(await openReports(browser, pool), folder);
  });
});

describe('A Flask app', PATIENCE, () => {
  let folder: string;
  let python: Python;
  beforeAll(async () => {
    folder = adopt('flask-app', FLASK, ['A Flask app', 'The page']);
    python = await createPython(join(folder, 'requirements.txt'));
  }, 180_000);
  afterAll(() => python?.remove());

  /** Starts what a command of the document starts. */
  function startCommand(name: string, ready: RegExp): Promise<ServerProcess> {
    const command = getCommand(readSection(DOCUMENT, 'A Flask app'), name).replace('npx message-flow', CLI);
    const args = ['-c', `exec ${command.replace('nginx -e', `nginx${AS_ROOT} -e`)}`];
    return startServer({ command: 'sh', args, cwd: folder, env: { PATH: findPath(python) }, ready });
  }

  async function start(): Promise<string> {
    const port = await findFreePort();
    const nginxConf = join(folder, 'nginx.conf');
    writeFileSync(nginxConf, readFileSync(nginxConf, 'utf8').replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
    await startCommand('gateway', /"msg":"(listening)"/);
    await startCommand('app', /Serving on (\S+)/);
    await startCommand('nginx', /start (worker) process/);
    return `http://127.0.0.1:${port}`;
  }

  test('tells its page what it polled for before', async () => {
    await orderReport(await openReports(browser, await start()));
  });

  test('tells it after a reload', async () => {
    await orderReportAndReload(await openReports(browser, await start()));
  });

  test('does so in the pool, also while its gateways are killed', async () => {
    const folder = adopt('flask-app', FLASK, ['A Flask app', 'The page', 'The pool', 'A Flask app in the pool']);
    const pool = await startPool(folder, findPath(python));
    await orderReportFromPool(await openReports(browser, pool), folder);
  });
});

describe('An app of the pattern of 2016', PATIENCE, () => {
  const MOVES = ['From the pattern of 2016', 'The pages of 2016 move', 'The publishers of 2016 move'];
  let python: Python;
  beforeAll(async () => {
    python = await createPython(join(import.meta.dirname, 'adopting/old-app/requirements.txt'));
  }, 180_000);
  afterAll(() => python?.remove());

  /** Starts the app after so many of its moves, on free ports and a bus of its own. */
  async function start(moveCount: number): Promise<string> {
    const folder = adopt('old-app', {}, MOVES.slice(0, moveCount));
    const [port, gatewayPort] = [await findFreePort(), await findFreePort()];
    for (const name of ['conf.py', 'nginx.conf', 'old_app.py', 'supervisord.conf']) {
      const text = readFileSync(join(folder, name), 'utf8')
        .replaceAll('127.0.0.1:5000', `127.0.0.1:${port}`)
        .replaceAll('127.0.0.1:4567', `127.0.0.1:${gatewayPort}`)
        .replaceAll('ipc:///tmp/message_flow_in', 'ipc://run/bus')
        .replace('message-flow gateway', `message-flow gateway --port ${gatewayPort}`)
        .replace('nginx -e', `nginx${AS_ROOT} -e`);
      writeFileSync(join(folder, name), text);
    }
    const url = `http://127.0.0.1:${port}`;
    const args = ['-c', 'supervisord.conf'];
    await startServer({
      command: 'supervisord',
      args,
      cwd: folder,
      env: { PATH: findPath(python) },
      ready: new URL(url),
    });
    return url;
  }

  test('keeps its pages and publishers when the gateway moves', async () => {
    const page = await openReports(browser, await start(1));
    await orderReport(page);
  });

  test('loses nothing over a reload once a page has moved, beside one that has not', async () => {
    const url = await start(2);
    const page = await openReports(browser, url);
    const headers = { cookie: await readCookies(page) };
    const token = await (await fetch(`${url}/socket_auth_token`, { headers })).text();
    const old = new WebSocket(`${url.replace('http', 'ws')}/websocket`);
    onTestFinished(() => old.terminate());
    const frames: string[] = [];
    old.on('message', (data) => frames.push(String(data)));
    old.once('message', () => old.send(token));
    await until(() => frames.includes('{"id": "AUTH OK"}'), 'the old page', 40_000);
    await orderReportAndReload(page);
    const frame = await until(() => frames.find((text) => text.includes('report/done')), 'the message', 40_000);
    expect(frame).toMatch(/^\{"username": "ada", "id": "report\/done", "data": \{.*\}\}$/);
  });

  test('is an app of today when its publishers have moved', async () => {
    await orderReportAndReload(await openReports(browser, await start(3)));
  });
});

describe('A system that stands on baselayer', PATIENCE, () => {
  const section = readSection(DOCUMENT, 'From baselayer');

  test('keeps its publishers and its pages, in the bytes that they know', async () => {
    const folder = join(WORK, 'baselayer');
    mkdirSync(join(folder, 'run'), { recursive: true });
    writeFileSync(join(folder, 'run/secret'), SECRET);
    const [busPort, port] = [await findFreePort(), await findFreePort()];
    for (const name of ['proxy', 'gateway']) {
      const command = getCommand(section, name)
        .replace('npx message-flow', CLI)
        .replace('127.0.0.1:64002', `127.0.0.1:${busPort}`)
        .replace('--port 64000', `--port ${port}`);
      const env = { PATH: process.env.PATH ?? '' };
      await startServer({
        command: 'sh',
        args: ['-c', `exec ${command}`],
        cwd: folder,
        env,
        ready: /"msg":"(listening)"/,
      });
    }
    const frames: string[] = [];
    const page = new WebSocket(`ws://127.0.0.1:${port}/websocket`);
    onTestFinished(() => page.terminate());
    page.on('message', (data) => {
      if (String(data) !== '<3') frames.push(String(data)); // a heartbeat comes when it is time for one
    });
    page.once('message', async () => page.send(await signOldToken({ user_id: '1' })));
    await until(() => frames.length >= 2, 'the page', 40_000);
    const bus = new Push();
    onTestFinished(() => bus.close());
    bus.connect(`tcp://127.0.0.1:${busPort}`);
    const payload = '{\n  "obj_key": "a"\n}';
    for (const user of ['1', '*', '10', '1']) {
      await bus.send([
        user,
        `{\n"user_id": "${user}", "actionType": "skyportal/REFRESH_SOURCE", "payload": ${payload}}`,
      ]);
    }
    await until(() => frames.length >= 5, 'the messages', 40_000);
    const entry = (user: string) =>
      `{"user_id": "${user}", "actionType": "skyportal/REFRESH_SOURCE", "payload": ${payload}}`;
    expect(JSON.parse(frames[0] ?? '')).toMatchObject({ actionType: 'AUTH REQUEST' });
    expect(frames[1]).toBe('{"actionType": "AUTH OK"}');
    expect(frames.slice(2).sort()).toEqual([entry('*'), entry('1'), entry('1')]);
  });
});

/** A token as baselayer signs one. */
function signOldToken(claims: Record<string, unknown>): Promise<string> {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setExpirationTime('15m');
  return jwt.sign(new TextEncoder().encode(SECRET));
}

/** Starts the pool as the document says, and resolves to its address once the app answers; it ends with the test. */
async function startPool(folder: string, path: string | undefined): Promise<string> {
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const command = getCommand(readSection(DOCUMENT, 'The pool'), 'start');
  const env = { PATH: path ?? '', PORT: new URL(url).port };
  await startServer({ command: 'sh', args: ['-c', `exec ${command}`], cwd: folder, env, ready: new URL(url) });
  return url;
}

async function orderReportFromPool(page: Page, folder: string): Promise<void> {
  await orderReport(page);
  await order(page, 'losses');
  await controlPool(folder, 'signal', 'KILL', 'gateways:gateway-1', 'gateways:gateway-2');
  await page.locator('#reports li', { hasText: 'Report on losses: all is well' }).waitFor({ timeout: BACK_MS });
  expect(await page.locator('#reports li').count()).toBe(2);
}

/** Where programs are, those of an environment first. */
function findPath({ bin }: Python): string {
  return [bin, dirname(process.execPath), process.env.PATH, '/usr/sbin'].join(':');
}

async function orderReport(page: Page): Promise<void> {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await order(page, 'sales');
  await page.locator('#reports li', { hasText: 'Report on sales: all is well' }).waitFor({ timeout: BACK_MS });
  expect(asked).toEqual(['/reports']);
}

async function orderReportAndReload(page: Page): Promise<void> {
  await order(page, 'sales');
  await page.reload();
  await page.locator('#reports li', { hasText: 'Report on sales' }).waitFor({ timeout: BACK_MS });
}

/** Opens the page, signs in as a visitor does, and waits until it says that it is connected. */
async function openReports(opener: Browser, url: string): Promise<Page> {
  const { page } = await openPage(opener, url, { allowed: AWAY });
  await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    await fetch('/sign-in', { method: 'POST', headers, body: JSON.stringify({ name: 'ada' }) });
  });
  await page.reload();
  await waitForText(page.locator('#connected'), 'Online', BACK_MS);
  await waitForText(page.locator('#authenticated'), 'Yes', BACK_MS);
  return page;
}

/** The session that a page is in, for requests beside it. */
async function readCookies(page: Page): Promise<string> {
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
}

async function order(page: Page, title: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await Promise.all([page.waitForResponse('**/reports'), page.getByRole('button', { name: 'Order a report' }).click()]);
}
