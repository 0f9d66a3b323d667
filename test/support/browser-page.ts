import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

/** How a page is opened; `allowed` are the errors that it may print. */
export type PageOptions = BrowserContextOptions & { readonly allowed?: RegExp };

/** Of anything in a page, beside a computation on a machine that does much else. */
const LONGEST_WAIT_MS = 60_000;

/** Opens a page as a new user, or as the user of a context, and checks when the test ends that nothing went wrong in it. */
export async function openPage(
  browserOrContext: Browser | BrowserContext,
  url: string,
  { allowed, ...options }: PageOptions = {},
): Promise<{ readonly page: Page; readonly context: BrowserContext }> {
  const isContext = 'newPage' in browserOrContext && 'cookies' in browserOrContext;
  const context = isContext ? browserOrContext : await browserOrContext.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(LONGEST_WAIT_MS);
  const errors: string[] = [];
  const note = (text: string) => {
    if (!allowed?.test(text)) errors.push(text);
  };
  page.on('pageerror', (error) => note(String(error)));
  page.on('dialog', (dialog) => note(`dialog: ${dialog.message()}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(message.text());
  });
  onTestFinished(async () => {
    await (isContext ? page : context).close();
    expect(errors).toEqual([]);
  });
  await page.goto(url);
  return { page, context };
}

/** Waits for a moment in which it can be seen, and says whether there was one: for what may have to be asked for again. */
export function isSeen(locator: Locator, timeout = 4_000): Promise<boolean> {
  return locator
    .first()
    .waitFor({ timeout })
    .then(
      () => true,
      () => false,
    );
}
