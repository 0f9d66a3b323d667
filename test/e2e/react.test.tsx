import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createFlow, type Flow, type StoredState, toNodeHandler } from 'message-flow/backend';
import { type Gateway, serveGateway } from 'message-flow/gateway';
import type { Browser } from 'playwright-core';
import { renderToString } from 'react-dom/server';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPage } from '../support/browser-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { waitForText } from '../support/desk-page.ts';
import { app, Screen } from '../support/react-screen.tsx';
import { until } from '../support/until.ts';

/** What src/client/frames.ts says: how long an entry waits for a frame, and how many wait at most. */
const [LONGEST_FRAME_MS, MAX_WAITING] = [50, 1_000];

let browser: Browser;
let server: Server;
let gateway: Gateway;
let flow: Flow<typeof app>;
let url: string;
/** What happens between a page's snapshot and its script. */
let meanwhile: () => Promise<unknown> = async () => {};
let note: StoredState<{ text: string }> = { state: { text: 'tea' }, version: 0 };

beforeAll(async () => {
  browser = await launchChromium();
  const script = await bundle();
  flow = createFlow(app, { broker: 'memory:', development: true, authenticate: () => ({ user: 'ada' }) });
  flow.store('note/:noteId').serve({
    load: () => note,
    save(_, next, expectedVersion) {
      if (note.version !== expectedVersion) return false;
      note = next;
      return true;
    },
    allow: () => true,
  });
  const handle = toNodeHandler(flow.handler);
  server = createServer((request, response) => {
    void handle(request, response, () => {
      if (request.url === '/script.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      else if (request.url === '/')
        void renderPage().then((html) => response.setHeader('content-type', 'text/html').end(html));
      else response.writeHead(204).end(); // the icon
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway = serveGateway(server, { broker: flow.broker, development: true });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await browser.close();
  await gateway.close();
  await flow.close();
  server.close();
});

/** The browser's part, in React's development build, which says what is wrong with a hydration. */
async function bundle(): Promise<string> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, '../support/react-entry.tsx'),
    platform: 'browser',
    resolve: { conditionNames: ['@message-flow/source', 'import', 'default'] },
    transform: { define: { 'process.env.NODE_ENV': '"development"' }, jsx: 'react-jsx' },
  });
  const { output } = await bundle.generate({ format: 'iife' });
  await bundle.close();
  return output[0].code;
}

async function renderPage(): Promise<string> {
  const snapshot = await flow.snapshot({ user: 'ada' }, { stores: [['note/:noteId', { noteId: 'n1' }]] });
  await meanwhile();
  const html = renderToString(<Screen client={undefined} snapshot={snapshot} />);
  const json = JSON.stringify(snapshot).replaceAll('<', '\\u003c');
  return `<!doctype html><div id="root">${html}</div><script id="snapshot" type="application/json">${json}</script><script src="/script.js"></script>`;
}

/** Opens the page, until it is live. */
async function openScreen() {
  const { page } = await openPage(browser, url, { allowed: /React DevTools/ });
  await waitForText(page.locator('p'), 'live');
  return page;
}

test('a browser goes on with what the server rendered, without a complaint of React', async () => {
  const page = await openScreen();
  expect(await page.locator('input').inputValue()).toBe(note.state.text);
});

test('what is sent between the rendering on the server and the first token is not missed, also at a reload (complaint 10)', async () => {
  let count = 0;
  meanwhile = () => flow.user('ada').send('said', ++count);
  onTestFinished(() => {
    meanwhile = async () => {};
  });
  const page = await openScreen();
  await waitForText(page.locator('output'), '1');
  await page.reload();
  await waitForText(page.locator('output'), '2');
});

test('two thousand entries are shown whole, in order, with no more commits than frames (complaint 20)', async () => {
  const page = await openScreen();
  const counts = () =>
    page.evaluate(() => {
      const { counts } = globalThis as unknown as { counts: { commits: number; frames: number } };
      return { ...counts, ms: performance.now() };
    });
  const before = await counts();
  const numbers = Array.from({ length: 2_000 }, (_, i) => i + 1);
  for (let from = 0; from < numbers.length; from += 100) {
    await Promise.all(numbers.slice(from, from + 100).map((n) => flow.user('ada').send('said', n)));
    await new Promise(setImmediate); // so that they are many frames of the WebSocket
  }
  await waitForText(page.locator('output'), numbers.join(' '));
  const after = await counts();
  expect(after.commits - before.commits).toBeGreaterThan(0);
  // A browser that is short of time may paint less often than the timer comes for pages that do not paint, and more may wait than may.
  const most = after.frames - before.frames + (after.ms - before.ms) / LONGEST_FRAME_MS + numbers.length / MAX_WAITING;
  expect(after.commits - before.commits).toBeLessThanOrEqual(most + 1);
});

test('what is typed into an input whose value is a store is there, and at the backend', async () => {
  const page = await openScreen();
  const input = page.locator('input');
  await input.fill('');
  await input.pressSequentially('milk and honey');
  await input.press('Home');
  await input.pressSequentially('hot ');
  expect(await input.inputValue()).toBe('hot milk and honey');
  const other = await openScreen();
  await until(
    async () => (await other.locator('input').inputValue()) === 'hot milk and honey',
    'the text on another page',
  );
});
