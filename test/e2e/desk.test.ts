import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { createSeries, openDesk, REFUSED, waitForText } from '../support/desk-page.ts';
import { publish, startObservatory } from '../support/observatory.ts';

const SERIES = join(import.meta.dirname, '../../examples/observatory/series');
const EVIL = '<img src=x onerror=alert(1)>';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

test('a click on a sample ends in its plots and best period', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url);
  await waitForText(desk.connected, 'Online');
  await waitForText(desk.authenticated, 'Yes');
  const toast = desk.page.locator('.toasts p');
  const run = desk.runs('sunspots.csv', 'done');
  await Promise.all([
    waitForText(toast, 'sunspots.csv: best period 11.0 years'), // from now on, as it goes after some seconds
    run.waitFor(),
    desk.page.getByRole('button', { name: 'Sunspots' }).click(),
  ]);
  expect(await run.locator('.finding strong').textContent()).toBe('11.0 years');
  expect(await run.locator('svg path.curve').count()).toBe(3);
  await desk.page.getByRole('button', { name: 'CO₂' }).click();
  await desk.runs('co2.csv', 'done').waitFor();
  expect(await desk.runs('co2.csv').locator('.finding strong').textContent()).toBe('1.00 years');
  expect(await desk.runs().count()).toBe(2);
});

test('a long computation shows how far it is, and can be cancelled', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url);
  await desk.choose('long.csv', createSeries(12, 40_000));
  const progress = desk.runs('long.csv', 'running');
  await progress.waitFor();
  expect(await progress.locator('.note').textContent()).toMatch(/^[\d,]+ of [\d,]+ frequencies$/);
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await desk.runs('long.csv', 'cancelled').waitFor();
});

test('a bad file is answered with the line at fault', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url, { allowed: REFUSED });
  await desk.choose('bad.csv', 'time,value\n1,2\n2,three\n');
  await waitForText(
    desk.page.getByRole('alert'),
    'Cannot read line 3: value is "three", expected a number such as 12.5, or nothing where it is missing',
  );
  expect(await desk.runs().count()).toBe(0);
  await desk.choose('good.csv', createSeries(7, 200));
  await desk.runs('good.csv', 'done').waitFor();
  expect(await desk.page.getByRole('alert').count()).toBe(0);
});

test('a file may be dropped', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url);
  const csv = await readFile(join(SERIES, 'co2.csv'), 'utf8');
  const dataTransfer = await desk.page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], 'dropped.csv', { type: 'application/vnd.ms-excel' }));
    return transfer;
  }, csv);
  await desk.page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer });
  await desk.runs('dropped.csv', 'done').waitFor();
});

test('every tab and device of a user gets the result', async () => {
  const { url } = await startObservatory();
  const first = await openDesk(browser, url);
  const tab = await openDesk(first.context, url);
  const device = await openDesk(browser, url, { storageState: await first.context.storageState() });
  for (const { authenticated } of [tab, device]) await waitForText(authenticated, 'Yes');
  expect([tab.user, device.user]).toEqual([first.user, first.user]);
  await first.choose('shared.csv', createSeries(20, 500));
  for (const screen of [first, tab, device]) {
    await screen.runs('shared.csv', 'done').waitFor(); // fetched, perhaps, before it is told
    await screen.arrivals('run/ended').first().waitFor();
    expect(await screen.runs().count()).toBe(1);
    expect(await screen.arrivals('run/ended').count()).toBe(1);
  }
});

test("two users side by side never see each other's", async () => {
  const server = await startObservatory();
  const ada = await openDesk(browser, server.url);
  const bob = await openDesk(browser, server.url, { allowed: REFUSED });
  expect(ada.user).not.toBe(bob.user);
  for (const { authenticated } of [ada, bob]) await waitForText(authenticated, 'Yes');
  await ada.choose('secret.csv', createSeries(20, 500));
  await ada.runs('secret.csv', 'done').waitFor();
  await publish(server, [
    { user: ada.user, id: 'TASK DONE', data: 'for Ada' },
    { user: bob.user, id: 'TASK DONE', data: 'for Bob' },
    { everyone: true, id: 'notice', data: 'for all' },
  ]);
  for (const { arrivals } of [ada, bob]) await arrivals('notice').waitFor();
  await bob.arrivals('TASK DONE').waitFor();
  await ada.arrivals('TASK DONE').filter({ hasText: 'for Ada' }).waitFor(); // another log than that of the notice
  expect(await bob.readTexts('TASK DONE')).toEqual(['for Bob']);
  expect(await ada.readTexts('TASK DONE')).toContain('for Ada');
  expect(await ada.readTexts('TASK DONE')).not.toContain('for Bob');
  expect(await bob.runs().count()).toBe(0);
  const logs = await bob.arrivals().locator('.place').allTextContents();
  expect(logs.filter((text) => !text.startsWith('everyone') && !text.startsWith(`user/${bob.user}`))).toEqual([]);
  const id = await ada.runs('secret.csv').getAttribute('data-run');
  const cancelled = await bob.page.evaluate(
    async (run) => (await fetch(`/light-curves/${run}/cancel`, { method: 'POST' })).status,
    id,
  );
  expect(cancelled).toBe(404);
  await bob.page.reload();
  await waitForText(bob.authenticated, 'Yes');
  expect(await bob.page.evaluate(async () => (await fetch('/light-curves')).json())).toEqual({ runs: [] });
});

test('the command that the page shows says something to it', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url);
  const shown = (await desk.page.locator('.identity code').textContent()) ?? '';
  expect(shown).toMatch(/^npx message-flow send /);
  const cli = join(import.meta.dirname, '../../dist/cli/main.js');
  await Promise.all([
    waitForText(desk.page.locator('.toasts p'), 'hello'), // from now on, as it goes after some seconds
    promisify(exec)(shown.replace('npx message-flow', `"${process.execPath}" "${cli}"`)),
  ]);
});

test('markup in file names, messages and events stays text', async () => {
  const server = await startObservatory();
  const desk = await openDesk(browser, server.url);
  await waitForText(desk.authenticated, 'Yes');
  await desk.choose(`${EVIL}.csv`, `${EVIL},"${EVIL}"\n${createSeries(9, 100).split('\n').slice(1).join('\n')}`);
  await desk.runs(`${EVIL}.csv`, 'done').waitFor();
  await Promise.all([
    desk.page.locator('.toasts b', { hasText: EVIL }).waitFor(), // from now on, as it goes after some seconds
    publish(server, [
      { user: desk.user, id: 'TASK DONE', data: EVIL },
      { user: desk.user, id: EVIL, data: { [EVIL]: EVIL } },
    ]),
  ]);
  expect(await desk.readTexts('TASK DONE')).toContain(EVIL);
  expect(await desk.page.locator('img').count()).toBe(0);
});

describe('the page', () => {
  test('is served with a policy that lets nothing else run', async () => {
    const response = await fetch((await startObservatory()).url);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|http:|data:/);
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=/i);
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax$/);
  });

  test('lets no markup in, even if a script of its own were tricked into it', async () => {
    const desk = await openDesk(browser, (await startObservatory()).url, { allowed: /TrustedHTML|violates/ });
    const verdict = await desk.page.evaluate(() => {
      try {
        document.body.innerHTML = '<b>in</b>';
        return 'let in';
      } catch {
        return 'refused';
      }
    });
    expect(verdict).toBe('refused');
  });

  test('takes a file from its own pages only', async () => {
    const { url } = await startObservatory();
    const cookie = (await fetch(url)).headers.get('set-cookie')?.split(';')[0] ?? '';
    const post = async (headers: Record<string, string>) => {
      const body = createSeries(9, 100);
      const response = await fetch(`${url}/light-curves`, { method: 'POST', headers: { cookie, ...headers }, body });
      return response.status;
    };
    expect(await post({ 'content-type': 'text/csv' })).toBe(202);
    expect(await post({ 'content-type': 'text/csv', 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await post({ 'content-type': 'text/csv', origin: 'https://elsewhere.example' })).toBe(403);
    expect(await post({ 'content-type': 'text/plain' })).toBe(415);
    expect(await post({ 'content-type': 'text/csv', cookie: '' })).toBe(401);
  });

  test('ends well at SIGTERM while a page is open', async () => {
    const server = await startObservatory();
    const desk = await openDesk(browser, server.url, { allowed: /Failed to load resource|WebSocket connection/ });
    await waitForText(desk.authenticated, 'Yes');
    expect(await server.stop()).toBe(0);
    await waitForText(desk.connected, 'Offline');
    await waitForText(desk.authenticated, 'No');
  });
});
