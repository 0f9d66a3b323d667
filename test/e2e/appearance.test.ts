import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type DeskPage, waitForText } from '../support/desk-page.ts';
import { publish, startObservatory } from '../support/observatory.ts';
import { toPalettePng } from '../support/palette-png.ts';
import { openPlan, type PlanPage } from '../support/plan-page.ts';
import { visitPlan } from '../support/plan-visitor.ts';

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
      const desk = await openPlan(browser, server.url, { viewport, colorScheme, locale: 'en-GB' });
      await waitForText(desk.authenticated, 'Yes');
      await desk.page.getByRole('button', { name: 'CO₂' }).click();
      await desk.runs('co2.csv', 'done').waitFor();
      await desk.page.getByRole('button', { name: 'Sunspots' }).click();
      await desk.runs('sunspots.csv', 'done').waitFor();
      await fillPlan(desk, server.url);
      await publish(server, [{ user: desk.user, id: 'TASK DONE', data: 'hello' }]);
      await desk.arrivals().filter({ hasText: 'hello' }).waitFor();
      expect(await desk.page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
      const background = await desk.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(Number(/\d+/.exec(background)?.[0]) < 128).toBe(colorScheme === 'dark');
      if (process.env.SCREENSHOTS) await takeScreenshot(desk, `${name}-${colorScheme}`);
    });
  }
}

test('the plan is the same in two browsers side by side', async () => {
  const { url } = await startObservatory();
  const options = { viewport: { width: 640, height: 900 }, colorScheme: 'light', locale: 'en-GB' } as const;
  const screens = [await openPlan(browser, url, options), await openPlan(browser, url, options)] as const;
  const [ada, bob] = screens;
  await ada.add('M31');
  await bob.untilShown('M31');
  await bob.add('Albireo');
  await ada.untilShown('M31', 'Albireo');
  await ada.add('NGC 6543');
  await bob.untilShown('M31', 'Albireo', 'NGC 6543');
  await bob.target('M31').getByRole('checkbox').check();
  await ada.untilShown('✓ M31', 'Albireo', 'NGC 6543');
  await bob.add('m31');
  await bob.lane('rolled-back').waitFor();
  await ada.holdActions();
  await ada.add('M13');
  await bob.untilShown('✓ M31', 'Albireo', 'NGC 6543');
  expect(await ada.readTargets()).toEqual(['✓ M31', 'Albireo', 'NGC 6543', 'M13']);
  if (process.env.SCREENSHOTS) await takeBoth(screens, 'plan-two-browsers');
});

/** A target of someone else, one of one's own, one that is refused, and one that is pending. */
async function fillPlan(desk: PlanPage, url: string): Promise<void> {
  const visitor = await visitPlan(url);
  const names = ['M31', 'Albireo'];
  await visitor.act(...names.map((name) => ({ name: 'add', input: { id: name, name, by: visitor.user } })));
  await desk.untilShown(...names);
  await desk.target('M31').getByRole('checkbox').check();
  await desk.add('NGC 6543');
  await desk.lane('confirmed', 'NGC 6543').waitFor();
  await desk.add('the Sun');
  await desk.lane('rolled-back').waitFor();
  await desk.holdActions();
  await desk.add('M13');
  await desk.target('M13').waitFor();
}

/** Lays the plans of two pages beside each other, each below its user's name. */
async function takeBoth(screens: readonly PlanPage[], name: string): Promise<void> {
  const figures: string[] = [];
  for (const { page, user } of screens) {
    const png = await page.locator('.plan').screenshot({ animations: 'disabled' });
    figures.push(
      `<figure><figcaption>${user}</figcaption><img src="data:image/png;base64,${png.toString('base64')}"></figure>`,
    );
  }
  const page = await browser.newPage({ viewport: { width: 1320, height: 400 } });
  await page.setContent(`<!doctype html><style>
    body { display: flex; align-items: start; gap: 20px; margin: 0; padding: 20px; background: #dcd8cd; font: 600 15px system-ui }
    figure { margin: 0; padding: 8px 12px 12px; border-radius: 12px; background: #f4f2ec }
    figcaption { padding-bottom: 8px } img { display: block }
  </style>${figures.join('')}`);
  await keep(toPalettePng(await page.screenshot({ fullPage: true })), name);
  await page.close();
}

async function takeScreenshot({ page }: DeskPage, name: string): Promise<void> {
  // They go by themselves too, one after the other.
  const dismiss = page.locator('.toasts button');
  while ((await dismiss.count()) > 0) await dismiss.first().dispatchEvent('click');
  await page.locator('.ring:not(:has(.lit))').waitFor();
  // On its usual port the command is shorter; the port here is another in every run.
  await page.locator('.identity code').evaluate((code) => {
    code.textContent = (code.textContent ?? '').replace(/ --gateway .*/, '');
  });
  await keep(toPalettePng(await page.screenshot({ fullPage: true, animations: 'disabled' })), name);
}

async function keep(png: Buffer, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  expect(png.length).toBeLessThan(MAX_SCREENSHOT_BYTES);
  await writeFile(join(FOLDER, `${name}.png`), png);
}
