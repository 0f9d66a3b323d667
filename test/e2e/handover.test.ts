import { createFlow } from 'message-flow/backend';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { observatory } from '../../examples/observatory/shared/contract.ts';
import { buildProxyProgram, createProxyUrl, startProxy } from '../proxy/proxy-process.ts';
import { launchChromium } from '../support/chromium.ts';
import { openCutProxy } from '../support/cut-proxy.ts';
import { type DeskPage, NETWORK_ERROR, openDesk, waitForText } from '../support/desk-page.ts';
import { type Observatory, startObservatory } from '../support/observatory.ts';

const LIMIT_MS = 240_000;
const STEP_LIMIT_MS = 60_000;
/** The flow of entries, in milliseconds from an answer to the next send: the page shows each one, and is no faster. */
const BEAT_MS = 20;
/** Entries that come before the gateway goes, and after. */
const STRETCH = 50;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
buildProxyProgram();

test.each<[string, (server: Observatory) => Promise<void>]>([
  [
    'closed in good order',
    async (server) => {
      expect(await server.stop()).toBe(0);
    },
  ],
  ['killed', (server) => server.kill()],
])(
  'a gateway that is %s under the page, while entries flow, costs none of them and repeats none',
  async (_, close) => {
    const broker = createProxyUrl();
    await startProxy(broker, ['--max-entries', '100000']);
    const first = await startObservatory({ FLOW_BROKER: broker });
    const second = await startObservatory({ FLOW_BROKER: broker });
    const line = await openCutProxy(first.port);
    const desk = await openDesk(browser, line.url, { allowed: NETWORK_ERROR });
    await waitForText(desk.authenticated, 'Yes', STEP_LIMIT_MS);
    await recordArrivals(desk);
    const flowing = startFlowing(broker, desk.user);
    await untilShown(desk, STRETCH);

    line.lead(second.port);
    await close(first);
    const sentCount = flowing.sentCount;
    await untilShown(desk, sentCount + STRETCH);
    await flowing.stop();
    await untilShown(desk, flowing.sentCount);

    expect(sentCount).toBeGreaterThanOrEqual(STRETCH);
    const shown = await readArrivals(desk);
    expect(shown.filter(({ event }) => event === 'TASK DONE').map(({ text }) => text)).toEqual(
      Array.from({ length: flowing.sentCount }, (_, i) => `message ${i + 1}`),
    );
    expect(shown.filter(({ event }) => event.startsWith('gap'))).toEqual([]);
  },
  LIMIT_MS,
);

interface Flowing {
  /** Entries that the broker has acknowledged. */
  readonly sentCount: number;
  /** Sends no more; resolves when the last is acknowledged. */
  stop(): Promise<void>;
}

/** Sends numbered entries to a user, one after another, until told otherwise; an unanswered one again with its key. */
function startFlowing(broker: string, user: string): Flowing {
  const flow = createFlow(observatory, { broker, development: true, authenticate: () => null });
  let sentCount = 0;
  let isStopping = false;
  async function run(): Promise<void> {
    while (!isStopping) {
      const n = sentCount + 1;
      const answer = await flow
        .user(user)
        .send('TASK DONE', `message ${n}`, { key: `message-${n}` })
        .catch(() => undefined);
      if (answer) sentCount = n;
      await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
    }
  }
  const running = run();
  const stop = () => {
    isStopping = true;
    return running;
  };
  onTestFinished(async () => {
    await stop();
    await flow.close();
  });
  return {
    get sentCount() {
      return sentCount;
    },
    stop,
  };
}

interface Arrival {
  readonly event: string;
  readonly text: string;
}
type Recording = typeof globalThis & { arrivals: Arrival[] };

/** Notes what the page's list shows from now on, in order: the list itself keeps the newest only, on top. */
async function recordArrivals({ page }: DeskPage): Promise<void> {
  await page.evaluate(() => {
    const noted: Arrival[] = [];
    const seen = new WeakSet<Element>();
    const list = document.querySelector('ol.arrivals') as Element;
    Object.assign(globalThis, { arrivals: noted });
    new MutationObserver(() => {
      const fresh = [...list.children].filter((item) => !seen.has(item)).reverse();
      for (const item of fresh) {
        seen.add(item);
        noted.push({
          event: item.getAttribute('data-event') ?? '',
          text: item.querySelector('.text')?.textContent ?? '',
        });
      }
    }).observe(list, { childList: true });
  });
}

function readArrivals({ page }: DeskPage): Promise<readonly Arrival[]> {
  return page.evaluate(() => (globalThis as Recording).arrivals);
}

/** Waits until the page has shown this number. */
async function untilShown({ page }: DeskPage, count: number): Promise<void> {
  const isShown = (wanted: string) => (globalThis as Recording).arrivals.some(({ text }) => text === wanted);
  await page.waitForFunction(isShown, `message ${count}`, { timeout: STEP_LIMIT_MS });
}
