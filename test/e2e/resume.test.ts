import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openCutProxy } from '../support/cut-proxy.ts';
import { createSeries, type DeskPage, NETWORK_ERROR, openDesk, untilReset, waitForText } from '../support/desk-page.ts';
import { createDataFolder, publish, startObservatory } from '../support/observatory.ts';
import { until } from '../support/until.ts';

/** An answer of a server that stops, or of a proxy without one behind it, is said in the console too. */
const AWAY = new RegExp(`${NETWORK_ERROR.source}|status of 503`);

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

test('a reload in the middle of a computation goes on and ends in its result', async () => {
  const desk = await openDesk(browser, (await startObservatory()).url);
  await desk.choose('long.csv', createSeries(25, 15_000));
  await desk.runs('long.csv', 'running').waitFor();
  await desk.page.reload();
  await desk.runs('long.csv', 'running').waitFor();
  await desk.runs('long.csv', 'done').waitFor();
  await desk.arrivals('run/ended').first().waitFor();
  expect(await desk.runs('long.csv').locator('.finding strong').textContent()).toBe('25.0');
  expect(await desk.runs().count()).toBe(1);
  expect(await desk.arrivals('run/ended').count()).toBe(1);
});

test('a result that is ready before the socket arrives once it is open', async () => {
  const server = await startObservatory();
  const proxy = await openCutProxy(server.port);
  proxy.holdWebSockets();
  const desk = await openDesk(browser, proxy.url, { allowed: NETWORK_ERROR }); // of a socket that is held for too long
  expect(await desk.connected.textContent()).toBe('Offline');
  await desk.page.getByRole('button', { name: 'Sunspots' }).click();
  await desk.runs('sunspots.csv', 'queued').waitFor();
  const isDone = () =>
    desk.page.evaluate(async () => (await (await fetch('/light-curves')).json()).runs[0].state.type === 'done');
  await until(isDone, 'the computation to end', 60_000);
  expect(await desk.runs('sunspots.csv', 'queued').count()).toBe(1);
  proxy.releaseWebSockets();
  await desk.runs('sunspots.csv', 'done').waitFor();
  expect(await desk.arrivals('run/ended').locator('.tag').textContent()).toBe('caught up');
  expect(await desk.arrivals('run/ended').count()).toBe(1);
});

test('a page goes on after a network that was cut for longer than a heartbeat', async () => {
  const server = await startObservatory({ HEARTBEAT_MS: '1000' });
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: NETWORK_ERROR });
  await waitForText(desk.authenticated, 'Yes');
  await publish(server, taskDone(desk, [1]));
  await desk.arrivals('TASK DONE').waitFor();
  proxy.freeze();
  await publish(server, taskDone(desk, [2, 3]));
  await waitForText(desk.connected, 'Offline');
  await publish(server, taskDone(desk, [4]));
  expect(await desk.readTexts('TASK DONE')).toEqual(['message 1']);
  proxy.thaw();
  await waitForText(desk.authenticated, 'Yes');
  await publish(server, taskDone(desk, [5]));
  await desk.arrivals().filter({ hasText: 'message 5' }).waitFor();
  expect(await desk.readTexts('TASK DONE')).toEqual(numbers(1, 5).map(textOf));
});

test('300 entries arrive once and in order while every socket is cut in the middle of them', async () => {
  const server = await startObservatory();
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: NETWORK_ERROR });
  await waitForText(desk.authenticated, 'Yes');
  proxy.cutWebSocketsAfter(5_000);
  for (let first = 1; first <= 300; first += 10) await publish(server, taskDone(desk, numbers(first, first + 9)));
  await desk.arrivals().filter({ hasText: 'message 300' }).waitFor();
  expect(await desk.readTexts('TASK DONE')).toEqual(numbers(1, 300).map(textOf));
  expect(proxy.cutCount).toBeGreaterThan(3);
});

test('entries that flow while sockets are reset again and again arrive once and in order', async () => {
  const server = await startObservatory();
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: NETWORK_ERROR });
  await waitForText(desk.authenticated, 'Yes');
  for (let round = 0; round < 5; round++) {
    const first = round * 20 + 1;
    await publish(server, taskDone(desk, numbers(first, first + 9)));
    proxy.resetWebSockets();
    await publish(server, taskDone(desk, numbers(first + 10, first + 19)));
    await desk
      .arrivals()
      .filter({ hasText: textOf(first + 19) })
      .waitFor();
  }
  expect(await desk.readTexts('TASK DONE')).toEqual(numbers(1, 100).map(textOf));
  expect(proxy.cutCount).toBe(5);
});

test('a gateway that drains under the page hands it on, and nothing of its entries is lost', async () => {
  const DATA = await createDataFolder();
  const server = await startObservatory({ DATA });
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: AWAY });
  await waitForText(desk.authenticated, 'Yes');
  await publish(server, taskDone(desk, numbers(1, 50)));
  expect(await server.stop()).toBe(0);
  await waitForText(desk.connected, 'Offline');
  const next = await startObservatory({ DATA });
  proxy.lead(next.port);
  // The memory of the first server is gone, and the page is told so; it goes on from there.
  await untilReset(desk, `user/${desk.user}`);
  await waitForText(desk.authenticated, 'Yes');
  await publish(next, taskDone(desk, numbers(51, 100)));
  await desk.arrivals().filter({ hasText: 'message 100' }).waitFor();
  expect(await desk.readTexts('TASK DONE')).toEqual(numbers(1, 100).map(textOf));
});

test('a computation that fell with its server is told as failed by the next, once', async () => {
  const DATA = await createDataFolder();
  const server = await startObservatory({ DATA });
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: AWAY });
  await waitForText(desk.authenticated, 'Yes');
  await desk.choose('long.csv', createSeries(25, 40_000));
  await desk.runs('long.csv', 'running').waitFor();
  await server.kill();
  await waitForText(desk.connected, 'Offline');
  const next = await startObservatory({ DATA });
  proxy.lead(next.port);
  await desk.runs('long.csv', 'failed').waitFor();
  expect(await desk.runs().count()).toBe(1);
  await untilReset(desk, `user/${desk.user}`);
  await next.stop();
  const third = await startObservatory({ DATA });
  proxy.lead(third.port);
  await untilReset(desk, `user/${desk.user}`, 2); // what is sent before is passed over
  await publish(third, [{ user: desk.user, id: 'marker', data: null }]);
  await desk.arrivals('marker').waitFor();
  expect(await desk.arrivals('run/ended').count()).toBeLessThanOrEqual(1);
});

test('a computation that was ended with its server in good order is done by the next', async () => {
  const DATA = await createDataFolder();
  const server = await startObservatory({ DATA });
  const proxy = await openCutProxy(server.port);
  const desk = await openDesk(browser, proxy.url, { allowed: AWAY });
  await waitForText(desk.authenticated, 'Yes');
  await desk.choose('long.csv', createSeries(25, 15_000));
  await desk.runs('long.csv', 'running').waitFor();
  expect(await server.stop()).toBe(0);
  proxy.lead((await startObservatory({ DATA })).port);
  await desk.runs('long.csv', 'done').waitFor();
  expect(await desk.runs().count()).toBe(1);
  expect(await desk.arrivals('TASK DONE').count()).toBeLessThanOrEqual(1);
});

function taskDone({ user }: DeskPage, counts: readonly number[]): { user: string; id: string; data: string }[] {
  return counts.map((count) => ({ user, id: 'TASK DONE', data: textOf(count) }));
}

function textOf(count: number): string {
  return `message ${count}`;
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
