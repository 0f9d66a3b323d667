import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openCutProxy } from '../support/cut-proxy.ts';
import { type DeskPage, openDesk, untilReset, waitForText } from '../support/desk-page.ts';
import { createDataFolder, startObservatory } from '../support/observatory.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

test('each item of the feed comes to everyone once, also after a restart', async () => {
  const DATA = await createDataFolder();
  const FEED = await createFeed(['one', 'two']);
  const env = { DATA, FEED, FEED_INTERVAL_MS: '200' };
  const server = await startObservatory(env);
  const proxy = await openCutProxy(server.port);
  const allowed = /Failed to load resource|WebSocket connection/;
  const ada = await openDesk(browser, proxy.url, { allowed });
  await titled(ada, 'one').waitFor();
  await waitForText(ada.authenticated, 'Yes');

  await writeFeed(FEED, ['three', 'one', 'two']);
  await titled(ada, 'three').waitFor(); // fetched, perhaps, before it is told
  await ada.arrivals('news').filter({ hasText: 'Item three' }).waitFor();

  await server.stop();
  const next = await startObservatory(env);
  proxy.lead(next.port);
  await untilReset(ada, 'everyone'); // the first server's memory is gone, and what comes before that is told is passed over
  await waitForText(ada.authenticated, 'Yes');
  const bob = await openDesk(browser, proxy.url, { allowed });
  await waitForText(bob.authenticated, 'Yes');
  await titled(bob, 'three').waitFor();

  await writeFeed(FEED, ['four', 'three', 'two', 'one']);
  for (const screen of [ada, bob]) {
    await screen.arrivals('news').filter({ hasText: 'Item four' }).waitFor();
    const titles = await screen.page.locator('.news h3').allTextContents();
    expect([...titles].sort()).toEqual(['Item four', 'Item one', 'Item three', 'Item two']);
  }
  expect(await bob.readTexts('news')).toEqual(['Item four']);
  const seen = await ada.readTexts('news');
  expect(seen.filter((text, i) => seen.indexOf(text) !== i)).toEqual([]);
});

test('markup in a feed stays text', async () => {
  const title = '&lt;img src=x onerror=alert(1)&gt;';
  const FEED = await createFeed([title]);
  const desk = await openDesk(browser, (await startObservatory({ FEED })).url);
  await titled(desk, '<img src=x onerror=alert(1)>').waitFor();
  expect(await desk.page.locator('img').count()).toBe(0);
  // The feed is the operator's, its links are not: what is no web address is no link.
  expect(await desk.page.locator('.news a').count()).toBe(0);
});

function titled({ page }: DeskPage, name: string) {
  return page.locator('.news h3', { hasText: `Item ${name}` });
}

async function createFeed(names: readonly string[]): Promise<string> {
  const path = join(await createDataFolder(), 'feed.atom');
  await writeFeed(path, names);
  return path;
}

async function writeFeed(path: string, names: readonly string[]): Promise<void> {
  const entries = names.map(
    (name) => `<entry><id>urn:${name}</id><title>Item ${name}</title><link href="javascript:alert(1)"/></entry>`,
  );
  await writeFile(path, `<feed xmlns="http://www.w3.org/2005/Atom">${entries.join('')}</feed>`);
}
