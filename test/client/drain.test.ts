import { expect, test } from 'vitest';
import { at, createSessionDriver, ME } from './session-driver.ts';

function leaveAfter(chance: number, isHidden: boolean): number {
  const driver = createSessionDriver();
  driver.goLive();
  driver.chance = chance;
  driver.step({ type: 'visibility', isHidden });
  driver.say('DRAIN', { withinMs: 20_000 });
  const begin = driver.now;
  while (driver.all('close').length === 0) driver.advance(Math.ceil(driver.waitMs));
  expect(driver.all('open').length).toBe(1);
  return driver.now - begin;
}

test('a visible page leaves a draining gateway in the first part of the window', () => {
  expect(leaveAfter(0, false)).toBe(0);
  expect(leaveAfter(0.999, false)).toBeLessThanOrEqual(9_000);
  expect(leaveAfter(0.999, false)).toBeGreaterThan(8_900);
});

test('a hidden page leaves after the visible ones, and before the end', () => {
  expect(leaveAfter(0, true)).toBe(9_000);
  expect(leaveAfter(0.999, true)).toBeLessThan(18_000);
});

test('entries flow until then', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.say('DRAIN', { withinMs: 20_000 });
  driver.enter(ME, at(11));
  expect(driver.all('deliver').length).toBe(1);
});

test('leaving is not shown, and does not wait', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.say('DRAIN', { withinMs: 20_000 });
  driver.advance(4_500);
  expect(driver.all('open').length).toBe(1);
  expect(driver.status).toMatchObject({ state: 'live', reason: 'draining', connected: false });
});

test('a second DRAIN changes nothing', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.say('DRAIN', { withinMs: 20_000 });
  const { waitMs } = driver;
  driver.chance = 0;
  driver.say('DRAIN', { withinMs: 20_000 });
  expect(driver.waitMs).toBe(waitMs);
});

test('a drain is forgotten with its connection', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.say('DRAIN', { withinMs: 20_000 });
  driver.step({ type: 'closed', code: 1006 });
  driver.advance(1_000);
  driver.authenticate();
  driver.clear();
  driver.advance(20_000);
  expect(driver.all('close')).toEqual([]);
});

test.each([null, -1, '20000', Number.MAX_VALUE])('DRAIN within %s does no harm', (withinMs) => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.say('DRAIN', { withinMs });
  expect(driver.waitMs).toBeLessThanOrEqual(600_000);
});
