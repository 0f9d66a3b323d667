import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isSeen, openPage } from './support/browser-page.ts';
import { launchChromium } from './support/chromium.ts';
import { findFreePort } from './support/free-ports.ts';
import { startRedisServer } from './support/redis-server.ts';
import { startServer } from './support/server-process.ts';
import { until } from './support/until.ts';

const ROOT = join(import.meta.dirname, '..');
const TEMPLATE = join(ROOT, 'templates/app');
/** Below the checkout, so that packages resolve as they do for an app that has installed them. */
const FOLDER = join(ROOT, '.cache', `guide-${process.pid}`);
const FENCE = /^```tsx? (\S+)\n([\s\S]*?)^```$/gm;
/** How long is waited for what takes part of a page that Vite prepares only now, in milliseconds. */
const LIMIT_MS = 90_000;
/** A page whose backend ends before it, or lets nobody in, says so in its console. */
const ALLOWED = /WebSocket|Failed to load resource|401|net::ERR/;

const steps = readFileSync(join(ROOT, 'docs/guide.md'), 'utf8')
  .split(/^## \d\. /m)
  .slice(1);
let browser: Browser;

beforeAll(async () => {
  cpSync(TEMPLATE, FOLDER, { recursive: true });
  rmSync(join(FOLDER, 'src'), { recursive: true });
  for (const folder of ['src', 'node_modules']) mkdirSync(join(FOLDER, folder));
  writeFileSync(join(FOLDER, 'package.json'), '{ "type": "module" }');
  symlinkSync(ROOT, join(FOLDER, 'node_modules/message-flow'));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

function run(program: string, ...args: string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules', program), ...args], { cwd: FOLDER, stdio: 'inherit' });
}

/** As `npm run build` does first. */
function compile(): void {
  run('typescript/bin/tsc');
}

async function orderReport(url: string): Promise<void> {
  await fetch(`${url}/report`, { method: 'POST' });
}

/** Puts the files of a step to those of the steps before, as a reader does. */
function takeStep(number: number): void {
  for (const [, name = '', code = ''] of steps[number - 1]?.matchAll(FENCE) ?? []) {
    writeFileSync(join(FOLDER, 'src', name), code);
  }
}

/** What `npm run dev` starts, on a free port; `built` is the environment of what `npm start` does. */
async function startApp(built?: Readonly<Record<string, string>>): Promise<string> {
  const PORT = String(await findFreePort());
  const url = `http://127.0.0.1:${PORT}`;
  const args = built ? ['dist/server/server.js'] : [join(ROOT, 'node_modules/vite/bin/vite.js'), '--port', PORT];
  const env = { PATH: process.env.PATH ?? '', PORT, ...built };
  // A path that only the backend has, without a page: Vite has nothing to prepare for it.
  await startServer({ command: process.execPath, args, cwd: FOLDER, env, ready: new URL(`${url}/gateway/health`) });
  return url;
}

/** Opens the page as a user, who signs in where the app asks for it. */
async function openAs(url: string, user: string) {
  const { page } = await openPage(browser, `${url}/sign-in.html`, { allowed: ALLOWED });
  await page.getByRole('button', { name: user }).click();
  await page.waitForURL(`${url}/`);
  return page;
}

describe('after each step the app is whole', { timeout: 180_000 }, () => {
  test('1: what the backend sends is in the log of its user', async () => {
    takeStep(1);
    compile();
    const url = await startApp();
    const args = [join(ROOT, 'dist/cli/main.js'), 'watch', 'ada', '--development', '--gateway', `${url}/gateway`];
    const watch = await startServer({ command: process.execPath, args, cwd: FOLDER, ready: /(live)/ });
    await orderReport(url);
    await until(() => watch.output.includes('report/done  {"text":"Your report is ready"}'), 'the report', LIMIT_MS);
  });

  test('2: the page shows it', async () => {
    takeStep(2);
    compile();
    const url = await startApp();
    const { page } = await openPage(browser, url, { allowed: ALLOWED });
    await until(
      async () => {
        await orderReport(url); // again and again, as the page may not listen yet
        return isSeen(page.getByText('Your report is ready'));
      },
      'the toast',
      LIMIT_MS,
    );
  });

  test('3: a team hears who ordered, and only who ordered is told the rest', async () => {
    takeStep(3);
    compile();
    const url = await startApp();
    const { page: eve } = await openPage(browser, url, { allowed: ALLOWED });
    await eve.waitForURL(`${url}/sign-in.html`); // who has not signed in is led there
    const [ada, bob] = [await openAs(url, 'ada'), await openAs(url, 'bob')];
    await until(
      async () => {
        await ada.evaluate("fetch('/report', { method: 'POST' })");
        return isSeen(bob.getByText('ada has ordered a report'));
      },
      'the order',
      LIMIT_MS,
    );
    await ada.getByText('Your report is ready').first().waitFor();
    expect(await bob.getByText('Your report is ready').count()).toBe(0);
  });

  test('4: it compiles, and documents.test.ts runs its tests', () => {
    takeStep(4);
    compile();
  });

  test('5: a card that ada adds is on the screen of bob, who ticks it', async () => {
    takeStep(5);
    const url = await startApp();
    const [ada, bob] = [await openAs(url, 'ada'), await openAs(url, 'bob')];
    await ada.getByLabel('New card').fill('Buy tea');
    await ada.getByRole('button', { name: 'Add' }).click();
    await bob.getByLabel('Buy tea').check();
    await ada.getByRole('checkbox', { checked: true }).waitFor();
  });

  test('6: two processes of it on one broker are one app', async () => {
    run('vite/bin/vite.js', 'build', '--logLevel=warn');
    run('vite/bin/vite.js', 'build', '--logLevel=warn', '--ssr', 'server.ts');
    const redis = await startRedisServer();
    onTestFinished(() => redis.remove());
    const env = { FLOW_BROKER: redis.url, FLOW_SECRET: 'a secret of the tests, thirty-two bytes or more' };
    const [ada, bob] = [await openAs(await startApp(env), 'ada'), await openAs(await startApp(env), 'bob')];
    await ada.getByLabel('New card').fill('Buy milk');
    await ada.getByRole('button', { name: 'Add' }).click();
    await bob.getByLabel('Buy milk').waitFor();
  });

  test('6: it is the app that `message-flow init` makes, which is compiled with the rest', () => {
    takeStep(6);
    const read = (folder: string) =>
      readdirSync(join(folder, 'src')).map((name) => [name, readFileSync(join(folder, 'src', name), 'utf8')]);
    expect(read(FOLDER)).toEqual(read(TEMPLATE));
  });
});
