import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { isSeen, openPage, type PageOptions } from '../support/browser-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { findFreePort } from '../support/free-ports.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKED = `message-flow-${manifest.version}.tgz`;
const PATIENCE = { timeout: 180_000 };
const path = { PATH: process.env.PATH ?? '' };

/** The unpacked program finds its own dependencies in ours, which spares an installation. */
const unpacked = join(ROOT, '.cache', `packed-${process.pid}`);
/** Outside of the checkout, so that nothing of ours can be found by accident. */
const folder = mkdtempSync(join(tmpdir(), 'init-'));
const app = join(folder, 'my-app');
let browser: Browser;

async function runIn(cwd: string, command: string, ...args: string[]): Promise<string> {
  try {
    // With our own environment: npm has the registry's address from there.
    return (
      await promisify(execFile)(command, args, {
        cwd,
        env: { ...process.env, NODE_ENV: '', NO_COLOR: '1', FORCE_COLOR: '0' },
      })
    ).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`Cannot run "${[command, ...args].join(' ')}":\n${stdout}${stderr}`, { cause: error });
  }
}

beforeAll(async () => {
  if (!existsSync(join(ROOT, 'dist/cli/main.js')))
    throw new Error('Cannot pack: nothing is built; run "npm run build"');
  mkdirSync(unpacked, { recursive: true });
  await runIn(ROOT, 'npm', 'pack', '--silent', '--pack-destination', folder);
  await runIn(folder, 'tar', 'xzf', PACKED, '-C', unpacked);
  await runIn(folder, join(unpacked, 'package/dist/cli/main.js'), 'init', 'my-app');
  const file = join(app, 'package.json');
  // In place of the registry's.
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(`"message-flow": "${manifest.version}"`, `"message-flow": "file:../${PACKED}"`),
  );
  await runIn(app, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
  browser = await launchChromium();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  for (const path of [unpacked, folder]) rmSync(path, { recursive: true, force: true });
});

/** Starts what a script of the app's is, without npm, which leaves it behind when it is told to end. */
async function startScript(name: 'dev' | 'start'): Promise<ServerProcess & { readonly url: string }> {
  const { scripts } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
  const PORT = String(await findFreePort());
  const url = `http://127.0.0.1:${PORT}`;
  const flags = name === 'dev' ? ` --port ${PORT}` : '';
  const server = await startServer({
    command: 'sh',
    args: ['-c', `exec ${scripts[name]}${flags}`],
    cwd: app,
    env: { PATH: `${join(app, 'node_modules/.bin')}:${path.PATH}`, PORT },
    ready: new URL(`${url}/gateway/health`),
  });
  return Object.assign(server, { url });
}

/** Signs in, orders a report, and sees it come. */
async function openAndOrder(url: string, options?: PageOptions): Promise<Page> {
  const { page } = await openPage(browser, `${url}/sign-in.html`, options);
  await page.getByRole('button', { name: 'ada' }).click();
  await page.getByText('ada, live').waitFor();
  await page.getByRole('button', { name: 'Order a report' }).click();
  await page.getByText('Your report is ready').waitFor();
  return page;
}

test("a new app's tests pass", PATIENCE, async () => {
  expect(await runIn(app, 'npm', 'test')).toMatch(/Tests {2}3 passed \(3\)/);
});

test('a new app is built, started, shows what was sent, and ends when it is told to', PATIENCE, async () => {
  await runIn(app, 'npm', 'run', 'build');
  const server = await startScript('start');
  await openAndOrder(server.url);
  expect(await server.stop()).toBe(0);
});

test('a new app in development does the same, and takes up a change of its backend', PATIENCE, async () => {
  const { url } = await startScript('dev');
  const page = await openAndOrder(url, { allowed: /WebSocket|Failed to load|ERR_|\[vite\]/ }); // while it starts again
  const file = join(app, 'src/backend.ts');
  writeFileSync(file, readFileSync(file, 'utf8').replace('Your report is ready', 'Another report is ready'));
  await until(
    async () => {
      await page.evaluate("fetch('/report', { method: 'POST' })").catch(() => {}); // nobody listens, or the page reloads
      return isSeen(page.getByText('Another report is ready'));
    },
    'the new text',
    120_000,
  );
});
