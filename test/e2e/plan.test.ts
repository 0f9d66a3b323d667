import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { NETWORK_ERROR, openDesk, waitForText } from '../support/desk-page.ts';
import { findFreePort } from '../support/free-ports.ts';
import { type Observatory, openObservatory, startObservatory } from '../support/observatory.ts';
import { openPlan, type PlanPage } from '../support/plan-page.ts';
import { type PlanVisitor, visitPlan } from '../support/plan-visitor.ts';

const EVIL = '<img src=x onerror=alert(1)>';
const LIMIT = { timeout: 120_000 };
/** What a slow network takes, as the page says. */
const SLOW_MS = 3_000;

let browser: Browser;
let folder: string;
let server: Observatory;
let visitor: PlanVisitor;
beforeAll(async () => {
  browser = await launchChromium();
  folder = await mkdtemp(join(tmpdir(), 'observatory-plan-'));
  server = await openObservatory({ DATA: folder });
  visitor = await visitPlan(server.url);
}, 60_000);
beforeEach(() => visitor.clear());
afterAll(async () => {
  await browser.close();
  await server.kill();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test("two users see each other's changes to one plan", LIMIT, async () => {
  const [ada, bob] = await openTwo();
  await ada.add('M31');
  await bob.untilShown('M31');
  await bob.add('M42');
  await bob.target('M42').getByRole('button', { name: 'Move M42 up' }).click();
  await bob.target('M42').getByRole('checkbox').check();
  for (const screen of [ada, bob]) await screen.untilShown('✓ M42', 'M31');
  await ada.target('M31').getByRole('button', { name: 'Remove M31' }).click();
  for (const screen of [ada, bob]) await screen.untilShown('✓ M42');
  expect(await bob.target('M42').locator('.note').textContent()).toBe('yours');
  expect(await ada.target('M42').locator('.note').getAttribute('title')).toBe(bob.user);
});

test('the page tells apart what it did and what came from another screen', LIMIT, async () => {
  const [ada, bob] = await openTwo();
  await ada.add('M31');
  await bob.untilShown('M31');
  await bob.target('M31').getByRole('checkbox').check();
  await ada.untilShown('✓ M31');
  // The answers come beside what the plan shows, and each in its own time.
  await ada.lane('confirmed', 'Add M31').waitFor();
  await ada.lane('confirmed', 'From another screen').waitFor();
  const said = await ada.lane('confirmed').locator('b').allTextContents();
  expect(said).toEqual(['From another screen', 'Add M31']);
});

test('on a slow network a change shows at once, and as pending until it is confirmed', LIMIT, async () => {
  const [ada, bob] = await openTwo();
  const release = await ada.holdActions();
  await ada.add('M31');
  await ada.target('M31').getByRole('checkbox').check();
  expect(await ada.readTargets()).toEqual(['✓ M31']);
  expect(await ada.target('M31').locator('.note').textContent()).toBe('pending');
  expect(await ada.lane('pending').allTextContents()).toEqual(['Tick M31', 'Add M31']);
  expect(await bob.readTargets()).toEqual([]);
  release();
  await ada.lane('confirmed', 'Tick M31').waitFor();
  expect(await ada.lane('pending').count()).toBe(0);
  expect(await ada.target('M31').locator('.note').textContent()).toBe('yours');
  await bob.untilShown('✓ M31');
});

test('the page makes its own network slow when asked to', LIMIT, async () => {
  const ada = await openPlan(browser, server.url);
  await ada.page.getByRole('checkbox', { name: 'Slow network' }).check();
  const doneAt = await ada.page.evaluate(() => performance.now());
  await Promise.all([ada.lane('pending', 'Add M31').waitFor(), ada.add('M31')]);
  await ada.lane('confirmed', 'Add M31').waitFor();
  const askedAt = await ada.page.evaluate(() => {
    const asked = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/actions'));
    return asked.map(({ startTime }) => startTime);
  });
  expect(askedAt.map((ms) => ms - doneAt >= SLOW_MS)).toEqual([true]);
});

test('what only the server refuses shows until then, and is rolled back with its reason', LIMIT, async () => {
  const ada = await openPlan(browser, server.url);
  const release = await ada.holdActions();
  await ada.add('the Sun');
  await ada.add('M31');
  expect(await ada.readTargets()).toEqual(['the Sun', 'M31']);
  release();
  await ada.untilShown('M31');
  await ada.lane('confirmed', 'Add M31').waitFor(); // also so that it does not come into the next test's plan
  await ada.lane('rolled-back').waitFor();
  expect(await ada.lane('rolled-back').allTextContents()).toEqual([
    'Add the SunThe server does not take thatinvalid-input: Cannot run "add": its input is invalid at "name"',
  ]);
});

test('of two users who add one name at once the second is told that it is taken', LIMIT, async () => {
  const [ada, bob] = await openTwo();
  const release = await bob.holdActions();
  await bob.add('m31');
  expect(await bob.readTargets()).toEqual(['m31']);
  await ada.add('M31');
  await bob.untilShown('M31');
  expect(await bob.lane('pending').count()).toBe(1);
  release();
  await bob.lane('rolled-back', '“m31” is in the plan already').waitFor();
  expect(await bob.readTargets()).toEqual(['M31']);
});

test('a thirteenth target is refused, as the plan is full', LIMIT, async () => {
  const names = Array.from({ length: 12 }, (_, i) => `NGC ${i + 1}`);
  await visitor.act(...names.map((name, i) => ({ name: 'add', input: { id: `ngc-${i}`, name, by: visitor.user } })));
  const ada = await openPlan(browser, server.url);
  await ada.add('NGC 13');
  await ada.lane('rolled-back', 'The plan is full: a night has time for 12').waitFor();
  await ada.untilShown(...names);
});

test('two users who reorder, tick and remove at once end equal', LIMIT, async () => {
  const [ada, bob] = await openTwo();
  for (const name of ['A', 'B', 'C', 'D']) await ada.add(name);
  await bob.untilShown('A', 'B', 'C', 'D');
  const releases = [await ada.holdActions(), await bob.holdActions()];
  await press(ada, 'Move D up', 'Move D up', 'Remove C');
  await ada.target('A').getByRole('checkbox').check();
  await press(bob, 'Move A down', 'Move C down', 'Remove B');
  await bob.target('C').getByRole('checkbox').check();
  await bob.target('A').getByRole('checkbox').check();
  for (const release of releases) release();
  for (const { page } of [ada, bob]) await page.locator('.sync', { hasText: ', 0 pending' }).waitFor();
  const kept = (await visitor.fetchPlan()).targets.map(({ name, isDone }) => (isDone ? `✓ ${name}` : name));
  for (const screen of [ada, bob]) await screen.untilShown(...kept);
  expect([...kept].sort()).toEqual(['D', '✓ A']);
});

test('a target is moved by keyboard, and the focus stays on its button', LIMIT, async () => {
  const ada = await openPlan(browser, server.url);
  for (const name of ['A', 'B', 'C']) await ada.add(name);
  const down = ada.page.getByRole('button', { name: 'Move A down' });
  await down.focus();
  for (let i = 0; i < 3; i++) await ada.page.keyboard.press('Enter');
  await ada.untilShown('B', 'C', 'A');
  expect(await down.evaluate((button) => button === document.activeElement)).toBe(true);
  expect(await down.getAttribute('aria-disabled')).toBe('true');
  // What is still under way when the page closes would come into the next test's plan.
  await ada.page.locator('.sync', { hasText: ', 0 pending' }).waitFor();
});

test('who removes a target by keyboard stays at the list', LIMIT, async () => {
  await visitor.act({ name: 'add', input: { id: 'a', name: 'A', by: visitor.user } });
  const ada = await openPlan(browser, server.url);
  await ada.page.getByRole('button', { name: 'Remove A' }).press('Enter');
  await ada.untilShown();
  expect(await ada.page.evaluate(() => document.activeElement?.className)).toBe('targets');
});

test('markup in the name of a target stays text', LIMIT, async () => {
  const ada = await openPlan(browser, server.url);
  await ada.add(EVIL);
  await ada.lane('confirmed', EVIL).waitFor();
  await ada.untilShown(EVIL);
  expect(await ada.page.locator('img').count()).toBe(0);
});

test('a reload keeps the plan', LIMIT, async () => {
  const ada = await openPlan(browser, server.url);
  await ada.add('M31');
  await ada.lane('confirmed', 'Add M31').waitFor();
  await ada.page.reload();
  await ada.untilShown('M31');
});

test('what was pending when the server was killed is done once it is back, and once', LIMIT, async () => {
  const DATA = join(folder, 'killed');
  const PORT = String(await findFreePort());
  const killed = await startObservatory({ DATA, PORT });
  const allowed = new RegExp(`${NETWORK_ERROR.source}|status of 50`);
  const ada = await openPlan(browser, killed.url, { allowed });
  await ada.add('M31');
  await ada.lane('confirmed', 'Add M31').waitFor();
  await killed.kill();
  await ada.add('M42');
  expect(await ada.readTargets()).toEqual(['M31', 'M42']);
  const next = await startObservatory({ DATA, PORT });
  await ada.lane('confirmed', 'Add M42').waitFor({ timeout: 60_000 });
  const bob = await visitPlan(next.url);
  expect((await bob.fetchPlan()).targets.map(({ name }) => name)).toEqual(['M31', 'M42']);
  await bob.act({ name: 'add', input: { id: 'm13', name: 'M13', by: bob.user } });
  await ada.untilShown('M31', 'M42', 'M13');
});

test('a plan that may not be seen leaves the rest of the page alone', LIMIT, async () => {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const refusal = { status: 403, json: { error: { code: 'not-allowed', message: 'no' } } };
  await context.route('**/flow/snapshot', (asked) => asked.fulfill(refusal));
  const desk = await openDesk(context, server.url, { allowed: /status of 403|Cannot show/ });
  await waitForText(desk.page.locator('.plan .refusal'), 'Cannot show "store/plan": not-allowed');
  await waitForText(desk.connected, 'Online');
});

test('what a page would not send the server refuses', LIMIT, async () => {
  const { user } = visitor;
  const add = (input: object) => ({ name: 'add', input: { id: 'a', name: 'M31', by: user, ...input } });
  const answers = await visitor.act(
    add({ by: 'someone-else' }),
    add({ id: '../x' }),
    add({ name: ' \u0000 ' }),
    add({ name: 'x'.repeat(41) }),
    add({ name: ['M31'] }),
    { name: 'move', input: { id: 'a', places: 1e9 } },
    { name: 'move', input: { id: 'none', places: 1 } },
    { name: 'tick', input: { id: 'a', isDone: 'yes' } },
    { name: 'clear', input: {} },
  );
  expect(answers).toEqual([
    'not-allowed',
    ...Array(5).fill('invalid-input'),
    'failed',
    'invalid-input',
    'unknown-action',
  ]);
  expect(await visitor.fetchPlan()).toEqual({ targets: [] });
  expect(server.output).not.toContain('PlanError');
});

function openTwo(): Promise<[ada: PlanPage, bob: PlanPage]> {
  return Promise.all([openPlan(browser, server.url), openPlan(browser, server.url)]);
}

async function press({ page }: PlanPage, ...names: string[]): Promise<void> {
  for (const name of names) await page.getByRole('button', { name, exact: true }).click();
}
