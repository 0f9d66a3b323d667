import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type DeskPage, openDesk, waitForText } from '../support/desk-page.ts';
import { publish, startObservatory } from '../support/observatory.ts';
import { toPalettePng } from '../support/palette-png.ts';

/** `SCREENSHOTS=1 npx vitest run test/e2e/appearance.test.ts` writes what these tests see. */
const FOLDER = join(import.meta.dirname, '../../docs/screenshots');
const MAX_SCREENSHOT_BYTES = 200_000;
const SCREENS = [
  { name: 'desktop', viewport: { width: 1280, height: 800 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
];

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

for (const { name, viewport } of SCREENS) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the ${name} page has its whole width on the screen, ${colorScheme}`, async () => {
      const server = await startObservatory();
      const desk = await openDesk(browser, server.url, { viewport, colorScheme, locale: 'en-GB' });
      await waitForText(desk.authenticated, 'Yes');
      await desk.page.getByRole('button', { name: 'CO₂' }).click();
      await desk.runs('co2.csv', 'done').waitFor();
      await desk.page.getByRole('button', { name: 'Sunspots' }).click();
      await desk.runs('sunspots.csv', 'done').waitFor();
      await publish(server, [{ user: desk.user, id: 'TASK DONE', data: 'hello' }]);
      await desk.arrivals().filter({ hasText: 'hello' }).waitFor();
      expect(await desk.page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
      const background = await desk.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(Number(/\d+/.exec(background)?.[0]) < 128).toBe(colorScheme === 'dark');
      if (process.env.SCREENSHOTS) await takeScreenshot(desk, `${name}-${colorScheme}`);
    });
  }
}

async function takeScreenshot({ page }: DeskPage, name: string): Promise<void> {
  // They go by themselves too, one after the other.
  const dismiss = page.locator('.toasts button');
  while ((await dismiss.count()) > 0) await dismiss.first().dispatchEvent('click');
  await page.locator('.ring:not(:has(.lit))').waitFor();
  await mkdir(FOLDER, { recursive: true });
  // On its usual port the command is shorter; the port here is another in every run.
  await page.locator('.identity code').evaluate((code) => {
    code.textContent = (code.textContent ?? '').replace(/ --gateway .*/, '');
  });
  const png = toPalettePng(await page.screenshot({ fullPage: true, animations: 'disabled' }));
  expect(png.length).toBeLessThan(MAX_SCREENSHOT_BYTES);
  await writeFile(join(FOLDER, `${name}.png`), png);
}
