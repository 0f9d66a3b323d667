import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { openPage, type PageOptions } from './browser-page.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const FOLDER = join(import.meta.dirname, '../../examples/minimal');

/** The minimal page in a browser, whichever backend serves it. */
export interface MinimalPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly connected: Locator;
  readonly authenticated: Locator;
  /** Lines of what came, those with this text or all. */
  lines(text?: string | RegExp): Locator;
  send(message: string): Promise<void>;
}

/** Starts the minimal server on a free port; it ends with the test. */
export async function startMinimal(): Promise<ServerProcess & { readonly url: string; readonly port: number }> {
  const server = await startServer({
    command: process.execPath,
    args: ['server.js'],
    cwd: FOLDER,
    env: { PORT: '0' },
    ready: /(http:\S+)/,
  });
  return Object.assign(server, { url: server.address, port: Number(new URL(server.address).port) });
}

/** Opens the page; `openPage` says the rest. */
export async function openMinimal(
  browserOrContext: Browser | BrowserContext,
  url: string,
  options: PageOptions = {},
): Promise<MinimalPage> {
  const { page, context } = await openPage(browserOrContext, url, options);
  return {
    page,
    context,
    connected: page.locator('#connected'),
    authenticated: page.locator('#authenticated'),
    lines: (hasText) => page.locator('#messages li', hasText === undefined ? {} : { hasText }),
    async send(message) {
      await page.locator('input').fill(message);
      await page.getByRole('button', { name: 'Send' }).click();
    },
  };
}
