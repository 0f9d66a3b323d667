import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage } from './support/browser-page.ts';
import { launchChromium } from './support/chromium.ts';
import { openCutProxy } from './support/cut-proxy.ts';
import { NETWORK_ERROR, REFUSED, waitForText } from './support/desk-page.ts';
import { applyDiff, followSection, getCommand, readSection } from './support/document.ts';
import { controlPool, findFreePort } from './support/pool.ts';
import { createPython, type Python } from './support/python.ts';
import { type ServerProcess, startServer } from './support/server-process.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'docs/adopting.md');
/** Below the checkout, so that packages resolve as they do for an app that has installed them. */
const WORK = join(ROOT, '.cache', `adopting-${process.pid}`);
/** Newer entries that a log keeps. */
const RETENTION = 1_000;
/** Where the document's page is in each app. */
const EXPRESS = { 'index.html': 'public/index.html', 'page.js': 'public/static/page.js' };
const FLASK = { 'index.html': 'templates/index.html', 'page.js': 'static/page.js' };
const PATIENCE = { timeout: 120_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 30_000);
afterAll(async () => {
  await browser?.close();
  rmSync(WORK, { recursive: true, force: true });
});

/** Copies an app as it was before, installs Message Flow, and makes of it what sections of the document say, in their order. */
function adopt(app: string, places: Readonly<Record<string, string>>, headings: readonly string[]): string {
  const folder = join(WORK, app);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(import.meta.dirname, 'adopting', app), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/message-flow')); // what npm install leaves of a folder
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
    await page.evaluate(async (count) => {
      const headers = { 'content-type': 'application/json' };
      for (let i = 0; i < count; i++) {
        await fetch('/reports', { method: 'POST', headers, body: JSON.stringify({ title: `number ${i}` }) });
      }
    }, RETENTION);
    proxy.releaseWebSockets();
    await page.locator('#reports li', { hasText: 'Report on number 999:' }).waitFor();
    await page.locator('#reports li', { hasText: 'Report on sales' }).waitFor();
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

  const findPath = () => [python.bin, dirname(process.execPath), process.env.PATH, '/usr/sbin'].join(':');

  /** Starts what a command of the document starts. */
  function startCommand(name: string, ready: RegExp): Promise<ServerProcess> {
    const cli = `node ${join(ROOT, 'dist/cli/main.js')}`;
    const command = getCommand(readSection(DOCUMENT, 'A Flask app'), name).replace('npx message-flow', cli);
    const asRoot = name === 'nginx' && process.getuid?.() === 0 ? ' -g "user root root;"' : ''; // else its workers are nobody
    const args = ['-c', `exec ${command}${asRoot}`];
    return startServer({ command: 'sh', args, cwd: folder, env: { PATH: findPath() }, ready });
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
    const pool = await startPool(folder, findPath());
    await orderReportFromPool(await openReports(browser, pool), folder);
  });
});

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
  await page.locator('#reports li', { hasText: 'Report on losses: all is well' }).waitFor();
  expect(await page.locator('#reports li').count()).toBe(2);
}

async function orderReport(page: Page): Promise<void> {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await order(page, 'sales');
  await page.locator('#reports li', { hasText: 'Report on sales: all is well' }).waitFor();
  expect(asked).toEqual(['/reports']);
}

async function orderReportAndReload(page: Page): Promise<void> {
  await order(page, 'sales');
  await page.reload();
  await page.locator('#reports li', { hasText: 'Report on sales' }).waitFor();
}

/** Opens the page, signs in as a visitor does, and waits until it says that it is connected. */
async function openReports(opener: Browser, url: string): Promise<Page> {
  const { page } = await openPage(opener, url, { allowed: new RegExp(`${REFUSED.source}|${NETWORK_ERROR.source}`) });
  await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    await fetch('/sign-in', { method: 'POST', headers, body: JSON.stringify({ name: 'ada' }) });
  });
  await page.reload();
  await waitForText(page.locator('#connected'), 'Online');
  await waitForText(page.locator('#authenticated'), 'Yes');
  return page;
}

async function order(page: Page, title: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await Promise.all([page.waitForResponse('**/reports'), page.getByRole('button', { name: 'Order a report' }).click()]);
}
