import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { openPage, type PageOptions } from './browser-page.ts';

/** A network that fails is told in the console by the browser itself; nothing can keep it from that. */
export const NETWORK_ERROR = /Failed to load resource: net::|WebSocket connection to .* failed/;
/** So is an answer with an error status. */
export const REFUSED = /Failed to load resource: the server responded with a status of 4\d\d/;

/** The example's page in a browser. */
export interface DeskPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly user: string;
  readonly connected: Locator;
  readonly authenticated: Locator;
  /** The cards of runs, or of those of one file in one state. */
  runs(fileName?: string, state?: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'): Locator;
  /** What arrived over the socket, of one event or all. */
  arrivals(event?: string): Locator;
  /** The texts of what arrived, in the order in which it came. */
  readTexts(event: string): Promise<string[]>;
  choose(name: string, content: string): Promise<void>;
}

/** Opens the page as a new user, or as the user of a context, and checks when the test ends that nothing went wrong in it. */
export async function openDesk(
  browserOrContext: Browser | BrowserContext,
  url: string,
  options: PageOptions = {},
): Promise<DeskPage> {
  const { page, context } = await openPage(browserOrContext, url, options);
  const runs: DeskPage['runs'] = (fileName, state) =>
    page.locator(state ? `.run.${state}` : '.run', fileName === undefined ? {} : { hasText: fileName });
  const arrivals: DeskPage['arrivals'] = (event) =>
    page.locator(event === undefined ? '.arrivals li' : `.arrivals li[data-event=${JSON.stringify(event)}]`);
  return {
    page,
    context,
    user: (await page.locator('#user').textContent()) ?? '',
    connected: page.locator('#connected'),
    authenticated: page.locator('#authenticated'),
    runs,
    arrivals,
    readTexts: async (event) => (await arrivals(event).locator('.text').allTextContents()).reverse(),
    choose: (name, content) =>
      page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) }),
  };
}

/** Waits until an element's text is this. */
export async function waitForText(locator: Locator, text: string, timeout = 60_000): Promise<void> {
  await locator.filter({ hasText: new RegExp(`^${text}$`) }).waitFor({ timeout });
}

/** Waits until a log was told to have begun anew, so many times: what was sent to it before may be passed over. */
export async function untilReset({ arrivals }: DeskPage, log: string, count = 1): Promise<void> {
  const gaps = arrivals('gap: reset').filter({ hasText: log });
  await gaps.nth(count - 1).waitFor();
}

/** A series with this period, in some unit of time; 15,000 points take the server a few seconds. */
export function createSeries(period: number, pointCount: number): string {
  const rows = Array.from({ length: pointCount }, (_, i) => `${i},${Math.sin((2 * Math.PI * i) / period).toFixed(5)}`);
  return `time,value\n${rows.join('\n')}\n`;
}
