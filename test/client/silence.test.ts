import { expect, test } from 'vitest';
import { createSessionDriver } from './session-driver.ts';

test('a gateway that is silent for its heartbeat and 5 s is asked, and left 5 s later', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.advance(29_999);
  expect(driver.sent()).toEqual([]);
  driver.advance(1);
  expect(driver.sent()).toEqual(['<3']);
  driver.advance(4_999);
  expect(driver.all('close')).toEqual([]);
  driver.advance(1);
  expect(driver.all('close').length).toBe(1);
  expect(driver.status.reason).toBe('silent');
});

test('a failed probe is shown as offline, once the loss is shown', () => {
  const driver = createSessionDriver();
  driver.chance = 0.999;
  driver.goLive();
  driver.advance(35_000);
  expect(driver.status.state).toBe('live');
  driver.advance(5_000);
  expect(driver.status.state).toBe('offline');
});

test('a probe that is answered begins the silence anew', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.advance(30_000);
  driver.step({ type: 'text', text: '<3' });
  driver.clear();
  driver.advance(29_999);
  expect(driver.sent()).toEqual([]);
  driver.advance(1);
  expect(driver.sent()).toEqual(['<3']);
});

test('every frame is a sign of life, an unknown one too', () => {
  const driver = createSessionDriver();
  driver.goLive();
  for (let i = 0; i < 10; i++) {
    driver.advance(20_000);
    driver.step({ type: 'text', text: '{"id":"of tomorrow"}' });
  }
  expect(driver.sent()).toEqual([]);
});

test('the heartbeat is the one that AUTH OK tells', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'opened' });
  driver.say('AUTH OK', { user: 'ada', heartbeatMs: 45_000 });
  driver.clear();
  driver.advance(49_999);
  expect(driver.sent()).toEqual([]);
  driver.advance(1);
  expect(driver.sent()).toEqual(['<3']);
});

test('a heartbeat of nothing counts as the default', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'opened' });
  driver.say('AUTH OK', { user: 'ada', heartbeatMs: 0 });
  driver.clear();
  driver.advance(29_999);
  expect(driver.sent()).toEqual([]);
});

test('a stall of our own is forgiven: it is asked first', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.stall(3_600_000);
  expect(driver.sent()).toEqual(['<3']);
  expect(driver.all('close')).toEqual([]);
});

test('a stall while we wait for an answer is forgiven once', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.advance(30_000);
  driver.stall(60_000);
  expect(driver.sent()).toEqual(['<3', '<3']);
  expect(driver.all('close')).toEqual([]);
  driver.stall(60_000);
  expect(driver.all('close').length).toBe(1);
});

test('frames move the silence on without a word to the timer', () => {
  const driver = createSessionDriver();
  driver.goLive();
  const effects = driver.session.step({ type: 'text', text: '<3' }, driver.now + 10);
  expect(effects).toEqual([]);
});
