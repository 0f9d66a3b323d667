import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openDesk, waitForText } from '../support/desk-page.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { startObservatory } from '../support/observatory.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

test('the example runs on NATS, over a kill of its server too, and ends when it is told to', async () => {
  const nats = await startNatsServer();
  onTestFinished(() => nats.remove());
  const observatory = await startObservatory({ FLOW_BROKER: nats.url });
  const desk = await openDesk(browser, observatory.url);
  await waitForText(desk.connected, 'Online');
  await waitForText(desk.authenticated, 'Yes');
  await desk.page.getByRole('button', { name: 'Sunspots' }).click();
  await desk.runs('sunspots.csv', 'done').waitFor();
  await nats.stop('SIGKILL');
  await nats.start();
  await Promise.all([
    waitForText(desk.page.locator('.toasts p'), 'co2.csv: best period 1.00 years'), // from now on, as it goes after some seconds
    desk.runs('co2.csv', 'done').waitFor(),
    desk.page.getByRole('button', { name: 'CO₂' }).click(),
  ]);
  await desk.context.close();
  expect(await observatory.stop()).toBe(0);
}, 120_000);
