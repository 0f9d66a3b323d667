import { CLOSE_CODES } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createSessionDriver } from './session-driver.ts';

/** A live session whose gateway closes with this code. */
function close(code: number, chance = 0.999) {
  const driver = createSessionDriver();
  driver.goLive();
  driver.chance = chance;
  driver.step({ type: 'closed', code });
  return driver;
}

test('1001: reconnects within 2 s, however many attempts failed before', () => {
  const driver = createSessionDriver();
  driver.chance = 0.999;
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  for (let i = 0; i < 4; i++) {
    driver.step({ type: 'closed', code: 1006 });
    driver.advanceToOpen();
  }
  driver.clear();
  driver.step({ type: 'closed', code: CLOSE_CODES.goingAway });
  expect(driver.status.reason).toBe('draining');
  driver.advance(2_000);
  expect(driver.all('open').length).toBe(1);
});

describe.each([CLOSE_CODES.tooLarge, CLOSE_CODES.malformed])('%i', (code) => {
  test('reconnects once', () => {
    const driver = close(code);
    driver.advance(2_000);
    expect(driver.all('open').length).toBe(1);
  });

  test('stops at the second, until start', () => {
    const driver = close(code);
    driver.advance(2_000);
    driver.authenticate();
    driver.step({ type: 'closed', code });
    expect(driver.status).toMatchObject({ state: 'offline', reason: 'faulty' });
    driver.clear();
    driver.step({ type: 'wake' });
    driver.advance(600_000);
    expect(driver.all('open')).toEqual([]);
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken();
    expect(driver.all('open').length).toBe(1);
  });

  test('once the app connects again, it is asked whose page it is by then', () => {
    const driver = close(code);
    driver.advance(2_000);
    driver.step({ type: 'closed', code });
    driver.clear();
    driver.step({ type: 'start' });
    driver.advance(0);
    expect(driver.all('fetch-token').length).toBe(1);
    expect(driver.all('open')).toEqual([]);
  });
});

describe.each([CLOSE_CODES.overloaded, CLOSE_CODES.tooMany])('%i', (code) => {
  test('reconnects, after four times the usual wait', () => {
    const driver = close(code);
    expect(driver.status.reason).toBe('overloaded');
    driver.advance(7_900);
    expect(driver.all('open')).toEqual([]);
    driver.advance(100);
    expect(driver.all('open').length).toBe(1);
  });

  test('waits twice as long the next time, even if the gateway authenticated in between', () => {
    const driver = close(code);
    driver.advance(8_000);
    driver.step({ type: 'closed', code });
    driver.clear();
    driver.advance(15_900);
    expect(driver.all('open')).toEqual([]);
    driver.advance(100);
    expect(driver.all('open').length).toBe(1);
  });
});

test('1011: reconnects, after four times the usual wait, and twice that if it closes so again', () => {
  const driver = close(CLOSE_CODES.internalError);
  expect(driver.status.reason).toBe('closed');
  driver.advance(7_900);
  expect(driver.all('open')).toEqual([]);
  driver.advance(100);
  expect(driver.all('open').length).toBe(1);
  driver.step({ type: 'closed', code: CLOSE_CODES.internalError });
  driver.clear();
  driver.advance(15_900);
  expect(driver.all('open')).toEqual([]);
  driver.advance(100);
  expect(driver.all('open').length).toBe(1);
});

test('4401: backs off, then fetches a token and tries again', () => {
  const driver = close(CLOSE_CODES.unauthenticated);
  expect(driver.status.reason).toBe('token-refused');
  expect(driver.all('fetch-token')).toEqual([]);
  driver.advance(2_000);
  expect(driver.all('fetch-token').length).toBe(1);
  expect(driver.all('open')).toEqual([]);
  driver.answerToken({ token: 'new' });
  driver.step({ type: 'closed', code: CLOSE_CODES.unauthenticated });
  driver.advance(3_900);
  expect(driver.all('fetch-token').length).toBe(1);
  driver.advance(100);
  expect(driver.all('fetch-token').length).toBe(2);
});

test('4408: fetches a token and reconnects', () => {
  const driver = close(CLOSE_CODES.tokenExpired);
  expect(driver.status.reason).toBe('token-expired');
  driver.advance(2_000);
  expect(driver.all('fetch-token').length).toBe(1);
  driver.answerToken({ token: 'new' });
  expect(driver.all('open').length).toBe(1);
});

test('4409: signed out; only start tries again, with a new token', () => {
  const driver = close(CLOSE_CODES.revoked);
  expect(driver.status).toMatchObject({ state: 'signed-out', reason: 'signed-out', user: undefined });
  driver.step({ type: 'wake' });
  driver.advance(600_000);
  expect(driver.all('open')).toEqual([]);
  driver.step({ type: 'start' });
  driver.advance(0);
  expect(driver.all('fetch-token').length).toBe(1);
});

test('4413: reconnects and resumes', () => {
  const driver = close(CLOSE_CODES.stalled);
  driver.advance(2_000);
  expect(driver.all('open').length).toBe(1);
  expect(driver.all('fetch-token')).toEqual([]);
});

test.each([1000, 1005, 1006, 1012, 4999])('%i: a loss like any other', (code) => {
  const driver = close(code);
  expect(driver.status.reason).toBe('closed');
  driver.advance(2_000);
  expect(driver.all('open').length).toBe(1);
});

test('every code of the protocol is in this file', () => {
  const {
    goingAway,
    tooLarge,
    malformed,
    internalError,
    overloaded,
    tooMany,
    unauthenticated,
    tokenExpired,
    revoked,
    stalled,
    ...rest
  } = CLOSE_CODES;
  expect(rest).toEqual({});
  expect([
    goingAway,
    tooLarge,
    malformed,
    internalError,
    overloaded,
    tooMany,
    unauthenticated,
    tokenExpired,
    revoked,
    stalled,
  ]).toEqual([1001, 1009, 4400, 1011, 1013, 4429, 4401, 4408, 4409, 4413]);
});
