import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage } from './support/browser-page.ts';
import { launchChromium } from './support/chromium.ts';
import { openCutProxy } from './support/cut-proxy.ts';
import { NETWORK_ERROR, REFUSED, waitForText } from './support/desk-page.ts';
import { applyDiff, followSection, readSection } from './support/document.ts';
import { startServer } from './support/server-process.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'docs/adopting.md');
/** Below the checkout, so that packages resolve as they do for an app that has installed them. */
const WORK = join(ROOT, '.cache', `adopting-${process.pid}`);
/** Newer entries that a log keeps. */
const RETENTION = 1_000;
const PATIENCE = { timeout: 60_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 30_000);
afterAll(async () => {
  await browser?.close();
  rmSync(WORK, { recursive: true, force: true });
});

/** Copies an app as it was before, and makes of it what a section says. */
function adopt(app: string, heading: string): string {
  const folder = join(WORK, app);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(import.meta.dirname, 'adopting', app), folder, { recursive: true });
  followSection(readSection(DOCUMENT, heading), folder, { MESSAGE_FLOW: ROOT });
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
  const start = (folder: string) =>
    startServer({
      command: process.execPath,
      args: ['server.js'],
      cwd: folder,
      env: { PORT: '0' },
      ready: /Listening on (\S+)/,
    });

  test('tells its page what it polled for before', async () => {
    const server = await start(adopt('express-app', 'An Express app'));
    const page = await openReports(browser, server.address);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await order(page, 'sales');
    await page.locator('#reports li', { hasText: 'Report on sales: all is well' }).waitFor();
    expect(asked).toEqual(['/reports']);
  });

  test('tells it after a reload', async () => {
    const server = await start(adopt('express-app', 'An Express app'));
    const page = await openReports(browser, server.address);
    await order(page, 'sales');
    await page.reload();
    await page.locator('#reports li', { hasText: 'Report on sales' }).waitFor();
  });

  test('has it fetch what its log no longer keeps', async () => {
    const server = await start(adopt('express-app', 'An Express app'));
    const proxy = await openCutProxy(Number(new URL(server.address).port));
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
});

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
