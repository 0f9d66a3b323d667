import type { LogName } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { ALL, ANSWER, at, auth, createSessionDriver, ME, PROJECT } from './session-driver.ts';

describe('TOKEN EXPIRING', () => {
  test('is answered with a new token on the same connection', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    expect(driver.all('fetch-token')).toEqual([{ type: 'fetch-token', logs: [PROJECT] }]);
    driver.answerToken({ token: 'new', at: { ...ANSWER, [PROJECT]: at(40) } });
    expect(driver.sent()).toEqual([auth({}, 'new')]);
    expect(driver.all('close')).toEqual([]);
    driver.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
    expect(driver.status).toMatchObject({ state: 'live', reason: 'caught-up' });
  });

  test('is asked again while the token endpoint is away, and the connection stays', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.step({ type: 'token-failed', reason: 'unavailable' });
    expect(driver.status.state).toBe('live');
    driver.advance(2_000);
    expect(driver.all('fetch-token').length).toBe(2);
    expect(driver.all('close')).toEqual([]);
  });

  test('without a new token, a reconnect fetches one first', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.step({ type: 'token-failed', reason: 'unavailable' });
    driver.step({ type: 'closed', code: 1006 });
    driver.clear();
    driver.advance(4_000);
    expect(driver.all('fetch-token').length).toBe(1);
    expect(driver.all('open')).toEqual([]);
    driver.answerToken({ token: 'new' });
    expect(driver.all('open').length).toBe(1);
  });
});

describe('AUTH FAILED', () => {
  test('fetches a token and says AUTH again on the same connection', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken({ token: 'old' });
    driver.step({ type: 'opened' });
    driver.clear();
    driver.say('AUTH FAILED', { reason: 'expired' });
    driver.say('AUTH REQUEST');
    expect(driver.all('fetch-token').length).toBe(1);
    driver.answerToken({ token: 'new' });
    expect(driver.sent()).toEqual([auth({ [ME]: at(10), [ALL]: at(20) }, 'new')]);
    expect(driver.all('close')).toEqual([]);
  });

  test('without a token to be had, the connection is left and tried again later', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken();
    driver.step({ type: 'opened' });
    driver.say('AUTH FAILED', { reason: 'expired' });
    driver.step({ type: 'token-failed', reason: 'unavailable' });
    expect(driver.all('close').length).toBe(1);
    expect(driver.status).toMatchObject({ state: 'offline', reason: 'token-unavailable' });
    driver.advance(4_000);
    expect(driver.all('fetch-token').length).toBe(3);
  });
});

describe('the token endpoint', () => {
  test('away: offline, asked again with back-off', () => {
    const driver = createSessionDriver();
    driver.chance = 0.999;
    driver.step({ type: 'start' });
    driver.advance(0);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      driver.step({ type: 'token-failed', reason: 'unavailable' });
      waits.push(Math.ceil(driver.waitMs / 1_000));
      driver.advance(Math.ceil(driver.waitMs));
    }
    expect(driver.status).toMatchObject({ state: 'offline', reason: 'token-unavailable' });
    expect(waits).toEqual([2, 4, 8, 16, 30, 30, 30]);
  });

  test('401: signed out, until start', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.step({ type: 'token-failed', reason: 'signed-out' });
    expect(driver.all('close').length).toBe(1);
    expect(driver.status).toMatchObject({ state: 'signed-out', reason: 'signed-out', user: undefined });
    driver.clear();
    driver.step({ type: 'wake' });
    driver.advance(600_000);
    expect(driver.all('fetch-token')).toEqual([]);
    driver.step({ type: 'start' });
    driver.advance(0);
    expect(driver.all('fetch-token').length).toBe(1);
  });

  test('the same user, signed in again, goes on from where the page was', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.enter(ME, at(11));
    driver.step({ type: 'closed', code: 4409 });
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken({ at: { [ME]: at(50), [ALL]: at(50) } });
    driver.step({ type: 'opened' });
    expect(driver.sent()).toEqual([auth({ [ME]: at(11), [ALL]: at(20) })]);
  });

  test('an answer without the place of the user’s own log is none', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken({ at: { [ALL]: at(20) } });
    expect(driver.all('open')).toEqual([]);
    expect(driver.status.reason).toBe('token-unavailable');
  });
});

describe('another user', () => {
  function signInAsBob() {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.enter(PROJECT, at(31));
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.answerToken({
      token: "bob's",
      user: 'bob',
      at: { ['user/bob' as LogName]: at(1), [ALL]: at(70), [PROJECT]: at(80) },
    });
    return driver;
  }

  test('leaves the connection of the one before at once', () => {
    const driver = signInAsBob();
    expect(driver.all('close').length).toBe(1);
    expect(driver.all('open').length).toBe(1);
    expect(driver.status).toMatchObject({ user: 'bob', reason: 'user-changed' });
  });

  test('begins where the new token says, never where the other user was', () => {
    const driver = signInAsBob();
    driver.step({ type: 'opened' });
    expect(driver.sent()).toEqual([auth({ [ALL]: at(70), [PROJECT]: at(80), 'user/bob': at(1) }, "bob's")]);
    expect(driver.session.logs.has(ME)).toBe(false);
  });

  test('a gap is told for what both follow', () => {
    expect(signInAsBob().all('gap')).toEqual([
      { type: 'gap', log: ALL, reason: 'reset', at: at(70) },
      { type: 'gap', log: PROJECT, reason: 'reset', at: at(80) },
    ]);
  });
});
