import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openCutProxy } from '../support/cut-proxy.ts';
import { NETWORK_ERROR, waitForText } from '../support/desk-page.ts';
import { openMinimal, startMinimal } from '../support/minimal-page.ts';

const RESULT = /^Message processed, "hello" in [23]\.\d\d seconds$/;
const EVIL = '<img src=x onerror=alert(1)>';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

test('a click is answered at once, and its result comes over the WebSocket', async () => {
  const desk = await openMinimal(browser, (await startMinimal()).url);
  await waitForText(desk.connected, 'Online');
  await waitForText(desk.authenticated, 'Yes');
  await desk.send('hello');
  await desk.lines(RESULT).waitFor();
  expect(await desk.lines().allTextContents()).toEqual([
    'Message submitted for processing',
    expect.stringMatching(RESULT),
  ]);
});

test("the package's own modules run in the page, without a bundler", async () => {
  const { url } = await startMinimal();
  const desk = await openMinimal(browser, url);
  await waitForText(desk.authenticated, 'Yes');
  const loaded = await desk.page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  const scripts = loaded.filter((name) => name.endsWith('.js')).map((name) => name.slice(url.length));
  expect(scripts).toContain('/message-flow/client/session.js');
  expect(scripts).toContain('/message-flow/protocol/index.js');
  expect(
    scripts.filter((path) => !/^\/(page\.js|message-flow\/(client|contract|protocol)\/[\w-]+\.js)$/.test(path)),
  ).toEqual([]);
});

test('a reload in the middle of the work loses no result', async () => {
  const proxy = await openCutProxy((await startMinimal()).port);
  const desk = await openMinimal(browser, proxy.url, { allowed: NETWORK_ERROR });
  await waitForText(desk.authenticated, 'Yes');
  // The work takes some seconds, and a reload on a busy machine may take more: its result does not come before.
  proxy.holdWebSockets();
  proxy.resetWebSockets();
  await desk.send('hello');
  await desk.lines('Message submitted for processing').waitFor();
  await desk.page.reload();
  proxy.releaseWebSockets();
  await desk.lines(RESULT).waitFor();
  expect(await desk.lines().count()).toBe(1);
});

test('both tabs of a user get the result, once', async () => {
  const { url } = await startMinimal();
  const first = await openMinimal(browser, url);
  const second = await openMinimal(first.context, url);
  for (const { authenticated } of [first, second]) await waitForText(authenticated, 'Yes');
  await first.send('hello');
  for (const tab of [first, second]) {
    await tab.lines(RESULT).waitFor();
    expect(await tab.lines(RESULT).count()).toBe(1);
  }
});

test("two users never see each other's", async () => {
  const { url } = await startMinimal();
  const ada = await openMinimal(browser, url);
  const bob = await openMinimal(browser, url);
  for (const { authenticated } of [ada, bob]) await waitForText(authenticated, 'Yes');
  await ada.send('of Ada');
  await ada.lines('Message processed, "of Ada"').waitFor();
  await bob.send('of Bob');
  await bob.lines('Message processed, "of Bob"').waitFor();
  expect(await bob.lines('of Ada').count()).toBe(0);
  expect(await ada.lines('of Bob').count()).toBe(0);
});

test('the indicators go to Offline and No when the server goes, and back to Online and Yes when it comes', async () => {
  const server = await startMinimal();
  const proxy = await openCutProxy(server.port);
  const desk = await openMinimal(browser, proxy.url, { allowed: NETWORK_ERROR });
  await waitForText(desk.authenticated, 'Yes');
  await server.kill();
  await waitForText(desk.connected, 'Offline');
  await waitForText(desk.authenticated, 'No');
  proxy.lead((await startMinimal()).port);
  await waitForText(desk.connected, 'Online');
  await waitForText(desk.authenticated, 'Yes');
  // The memory of the first server is gone, and the page is told so.
  await desk.lines(/^Something was missed in everyone: reset$/).waitFor();
  await desk.send('hello');
  await desk.lines(RESULT).waitFor();
});

test('markup in a message stays text', async () => {
  const desk = await openMinimal(browser, (await startMinimal()).url);
  await waitForText(desk.authenticated, 'Yes');
  await desk.send(EVIL);
  await desk.lines(`Message processed, "${EVIL}"`).waitFor();
  expect(await desk.page.locator('img').count()).toBe(0);
});

test('the policy of the page lets nothing run but its own files and its import map', async () => {
  const { url } = await startMinimal();
  const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|http:|data:/);
  const desk = await openMinimal(browser, url, { allowed: /TrustedScript/ });
  const ran = await desk.page.evaluate(() => {
    const script = document.createElement('script');
    script.append('globalThis.ran = true');
    document.head.append(script);
    return 'ran' in globalThis;
  });
  expect(ran).toBe(false);
});

test('what nobody should send costs itself alone', async () => {
  const { url } = await startMinimal();
  const cookie = (await fetch(url)).headers.get('set-cookie')?.split(';')[0] ?? '';
  const send = async (body: string, headers: Record<string, string> = { cookie }) =>
    (await fetch(`${url}/send`, { method: 'POST', headers, body })).status;
  expect(await send('{"message": "hi"}', {})).toBe(401);
  expect(await send('{"message"')).toBe(400);
  expect(await send('null')).toBe(400);
  expect(await send('x'.repeat(1_000_000))).toBe(413);
  for (const path of ['/server.js', '/message-flow/cli/main.js', '/message-flow/client/..%2f..%2fpackage.json']) {
    expect((await fetch(url + path)).status).toBe(404);
  }
  expect(await send('{"message": "hi"}')).toBe(200);
});
