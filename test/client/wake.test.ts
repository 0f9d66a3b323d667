import { expect, test } from 'vitest';
import { createSessionDriver } from './session-driver.ts';

test('a wake asks the gateway at once', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'wake' });
  expect(driver.sent()).toEqual(['<3']);
});

test('wakes that come together ask once', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'wake' });
  driver.advance(4_999);
  driver.step({ type: 'wake' });
  expect(driver.sent()).toEqual(['<3']);
});

test('a connection that does not answer a wake within 5 s is left', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'wake' });
  driver.advance(5_000);
  expect(driver.all('close').length).toBe(1);
  expect(driver.status.reason).toBe('silent');
});

test('any frame answers a wake', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'wake' });
  driver.step({ type: 'text', text: '<3' });
  driver.advance(20_000);
  expect(driver.all('close')).toEqual([]);
});

test('a wake ends the wait for the next attempt, and resets the back-off', () => {
  const driver = createSessionDriver();
  driver.chance = 0.999;
  driver.goLive();
  for (let i = 0; i < 6; i++) {
    driver.step({ type: 'closed', code: 1006 });
    driver.advanceToOpen();
  }
  driver.step({ type: 'closed', code: 1006 });
  driver.clear();
  driver.step({ type: 'wake' });
  expect(driver.all('open').length).toBe(1);
  driver.step({ type: 'closed', code: 1006 });
  driver.advance(2_000);
  expect(driver.all('open').length).toBe(2);
});

test('a page that is shown again wakes', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'visibility', isHidden: true });
  expect(driver.sent()).toEqual([]);
  driver.step({ type: 'visibility', isHidden: false });
  expect(driver.sent()).toEqual(['<3']);
});

test('a page that begins visible does not wake', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.step({ type: 'visibility', isHidden: false });
  expect(driver.all('fetch-token')).toEqual([]);
});

test('a wake during an attempt disturbs it not', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'wake' });
  driver.step({ type: 'opened' });
  driver.step({ type: 'wake' });
  expect(driver.all('open').length).toBe(1);
  expect(driver.sent().length).toBe(1);
});

test('a wake of a client that nobody started starts nothing', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'wake' });
  driver.advance(60_000);
  expect(driver.all('fetch-token')).toEqual([]);
});
