import type { Browser, BrowserContext, Locator } from 'playwright-core';
import type { PageOptions } from './browser-page.ts';
import { type DeskPage, openDesk } from './desk-page.ts';
import { until } from './until.ts';

/** The plan on the example's page. */
export interface PlanPage extends DeskPage {
  add(name: string): Promise<void>;
  /** The row of a target. */
  target(name: string): Locator;
  /** What is shown: the names in their order, those that are ticked off with a mark before. */
  readTargets(): Promise<string[]>;
  /** Waits until just that is shown. */
  untilShown(...targets: string[]): Promise<void>;
  /** Rows of a lane, or those with a text. */
  lane(kind: 'pending' | 'confirmed' | 'rolled-back', text?: string): Locator;
  /** What this page does to the plan stays pending until the function that comes back is called. */
  holdActions(): Promise<() => void>;
}

/** Opens the page as `openDesk` does, and waits until it knows its user and the plan. */
export async function openPlan(
  browserOrContext: Browser | BrowserContext,
  url: string,
  options: PageOptions = {},
): Promise<PlanPage> {
  const desk = await openDesk(browserOrContext, url, options);
  const { page } = desk;
  await page.locator('.sync').waitFor();
  await page.locator('#user').waitFor();
  const plan: PlanPage = {
    ...desk,
    async add(name) {
      await page.getByRole('textbox', { name: 'Name of a target' }).fill(name);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    },
    target: (name) => page.locator(`.target[data-target=${JSON.stringify(name)}]`),
    readTargets: () =>
      page
        .locator('.target .name')
        .evaluateAll((names) => names.map((name) => (name.matches('.done') ? '✓ ' : '') + name.textContent)),
    async untilShown(...targets) {
      const text = JSON.stringify(targets);
      let shown = '';
      await until(
        async () => {
          shown = JSON.stringify(await plan.readTargets());
          return shown === text;
        },
        `${text} to be shown`,
        30_000,
      ).catch((error: Error) => {
        throw new Error(`${error.message}; there is ${shown}`);
      });
    },
    lane: (kind, text) => page.locator(`.lane.${kind} li`, text === undefined ? {} : { hasText: text }),
    async holdActions() {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/flow/actions', async (held) => {
        await released;
        await held.continue();
      });
      return release;
    },
  };
  return plan;
}
