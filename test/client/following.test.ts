import { type LogName, MAX_LOGS } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { ANSWER, at, auth, createSessionDriver, PROJECT, type SessionDriver } from './session-driver.ts';

const OTHER = 'channel/project/p2' as LogName;
const OK = { user: 'ada', heartbeatMs: 25_000 };

/** Joins a log on a live connection. */
function join(driver: SessionDriver, log: LogName, offset: number) {
  driver.step({ type: 'follow', log });
  driver.advance(0);
  driver.answerToken({ token: `for ${log}`, at: { ...ANSWER, [log]: at(offset) } });
}

test('a channel that is followed while connected gets a new token, which names all logs', () => {
  const driver = createSessionDriver();
  driver.goLive(PROJECT);
  driver.step({ type: 'follow', log: OTHER });
  driver.advance(0);
  expect(driver.all('fetch-token')).toEqual([{ type: 'fetch-token', logs: [PROJECT, OTHER] }]);
  driver.answerToken({ token: 'new', at: { ...ANSWER, [PROJECT]: at(90), [OTHER]: at(40) } });
  expect(driver.sent()).toEqual([auth({ [OTHER]: at(40) }, 'new')]);
});

test('what is followed in one tick shares a token and a frame', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'follow', log: PROJECT });
  driver.step({ type: 'follow', log: OTHER });
  expect(driver.all('fetch-token')).toEqual([]);
  driver.advance(0);
  driver.answerToken({ at: { ...ANSWER, [PROJECT]: at(1), [OTHER]: at(2) } });
  expect(driver.all('fetch-token').length).toBe(1);
  expect(driver.sent()).toEqual([auth({ [PROJECT]: at(1), [OTHER]: at(2) })]);
});

test('a log that is followed while a token is fetched gets the next one', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'follow', log: PROJECT });
  driver.advance(0);
  driver.step({ type: 'follow', log: OTHER });
  driver.answerToken({ at: { ...ANSWER, [PROJECT]: at(1) } });
  expect(driver.all('fetch-token').map(({ logs }) => logs)).toEqual([[PROJECT], [PROJECT, OTHER]]);
});

test('one AUTH at a time: the next waits for the answer', () => {
  const driver = createSessionDriver();
  driver.goLive();
  join(driver, PROJECT, 1);
  join(driver, OTHER, 2);
  expect(driver.sent()).toEqual([auth({ [PROJECT]: at(1) }, `for ${PROJECT}`)]);
  driver.say('AUTH OK', OK);
  expect(driver.sent().length).toBe(2);
});

test('an unanswered AUTH on a live connection is given 10 s', () => {
  const driver = createSessionDriver();
  driver.goLive();
  join(driver, PROJECT, 1);
  driver.advance(10_000);
  expect(driver.all('close').length).toBe(1);
  expect(driver.status.reason).toBe('timed-out');
});

test('a log that joins a live connection does not change the state', () => {
  const driver = createSessionDriver();
  driver.goLive();
  join(driver, PROJECT, 1);
  driver.say('AUTH OK', OK);
  expect(driver.status.state).toBe('live');
});

test('what is left in one tick is left in one frame', () => {
  const driver = createSessionDriver();
  driver.goLive(PROJECT, OTHER);
  driver.step({ type: 'unfollow', log: PROJECT });
  driver.step({ type: 'unfollow', log: OTHER });
  driver.advance(0);
  expect(driver.sent()).toEqual([{ id: 'UNSUBSCRIBE', data: { logs: [PROJECT, OTHER] } }]);
  driver.enter(PROJECT, at(31));
  expect(driver.all('deliver')).toEqual([]);
});

test('the own logs cannot be left', () => {
  const driver = createSessionDriver();
  driver.goLive();
  for (const log of driver.session.logs.keys()) driver.step({ type: 'unfollow', log });
  driver.advance(0);
  expect(driver.sent()).toEqual([]);
  expect(driver.session.logs.size).toBe(2);
});

describe('a log that is left and followed again on one connection', () => {
  test('begins where a new token says', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.step({ type: 'unfollow', log: PROJECT });
    driver.step({ type: 'follow', log: PROJECT });
    driver.advance(0);
    driver.answerToken({ token: 'new', at: { ...ANSWER, [PROJECT]: at(40) } });
    expect(driver.sent()).toEqual([
      { id: 'UNSUBSCRIBE', data: { logs: [PROJECT] } },
      auth({ [PROJECT]: at(40) }, 'new'),
    ]);
  });

  test('does not hear what still comes of the time before: it has a hole after it', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.step({ type: 'unfollow', log: PROJECT });
    driver.enter(PROJECT, at(31));
    join(driver, PROJECT, 30);
    driver.enter(PROJECT, at(32));
    driver.say('GAP', { log: PROJECT, at: at(90), reason: 'reset' });
    driver.say('UNSUBSCRIBED', { log: PROJECT, reason: 'revoked' });
    expect(driver.all('deliver')).toEqual([]);
    driver.say('AUTH OK', OK);
    for (const offset of [31, 32]) driver.enter(PROJECT, at(offset));
    expect(driver.all('deliver').map((effect) => effect.at)).toEqual([at(31), at(32)]);
  });

  test('does not begin at a place that was asked for before entries the page saw', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.enter(PROJECT, at(31));
    driver.step({ type: 'unfollow', log: PROJECT });
    driver.step({ type: 'follow', log: PROJECT });
    driver.answerToken({ token: 'asked before', at: { ...ANSWER, [PROJECT]: at(30) } });
    expect(driver.session.logs.get(PROJECT)?.position).toBeUndefined();
    driver.answerToken({ token: 'asked since', at: { ...ANSWER, [PROJECT]: at(31) } });
    expect(driver.session.logs.get(PROJECT)?.position).toBe(at(31));
  });
});

describe('a refusal', () => {
  test('by the backend is told, and the log is no longer followed', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.step({ type: 'follow', log: PROJECT });
    driver.advance(0);
    driver.answerToken({ refused: [PROJECT] });
    expect(driver.all('unsubscribed')).toEqual([{ type: 'unsubscribed', log: PROJECT, reason: 'refused' }]);
    expect(driver.session.logs.has(PROJECT)).toBe(false);
    expect(driver.all('open').length).toBe(1);
  });

  test('by a new token leaves the log at the gateway too', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.answerToken({ token: 'new', refused: [PROJECT] });
    expect(driver.sent()).toEqual([{ id: 'UNSUBSCRIBE', data: { logs: [PROJECT] } }, auth({}, 'new')]);
    expect(driver.all('unsubscribed').length).toBe(1);
  });

  test.each(['refused', 'revoked'] as const)('by the gateway, %s, is told', (reason) => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.say('UNSUBSCRIBED', { log: PROJECT, reason });
    expect(driver.all('unsubscribed')).toEqual([{ type: 'unsubscribed', log: PROJECT, reason }]);
    expect(driver.session.logs.has(PROJECT)).toBe(false);
    driver.enter(PROJECT, at(31));
    expect(driver.all('deliver')).toEqual([]);
  });

  test('does not keep the state from live', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.step({ type: 'closed', code: 1006 });
    driver.advance(2_000);
    driver.authenticate();
    for (const { log, position } of driver.session.logs.values()) {
      if (log !== PROJECT) driver.say('LIVE', { log, at: position });
    }
    expect(driver.status.reason).toBe('authenticated');
    driver.say('UNSUBSCRIBED', { log: PROJECT, reason: 'revoked' });
    expect(driver.status).toMatchObject({ state: 'live', reason: 'caught-up' });
  });

  test('a log that an answer forgot counts as refused', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.step({ type: 'follow', log: PROJECT });
    driver.advance(0);
    driver.answerToken();
    expect(driver.all('unsubscribed').length).toBe(1);
    expect(driver.all('fetch-token').length).toBe(1);
  });

  test('logs are refused by the bytes of their names above 11,000, and not before', () => {
    const driver = createSessionDriver();
    const names = Array.from({ length: 60 }, (_, i) => `channel/${String(i).padStart(192, 'x')}` as LogName);
    for (const log of names) driver.step({ type: 'follow', log });
    expect(driver.all('unsubscribed').map(({ log }) => log)).toEqual(names.slice(55)); // of 200 bytes each
  });

  test('the 129th log is refused at once', () => {
    const driver = createSessionDriver();
    for (let i = 0; i <= MAX_LOGS; i++) driver.step({ type: 'follow', log: `channel/c/${i}` as LogName });
    expect(driver.all('unsubscribed')).toEqual([
      { type: 'unsubscribed', log: 'channel/c/128', reason: 'too-many-logs' },
    ]);
    expect(driver.session.logs.size).toBe(MAX_LOGS + 1);
  });

  test('names that are too long for one token are refused at once', () => {
    const driver = createSessionDriver();
    for (let i = 0; i < 60; i++) driver.step({ type: 'follow', log: `channel/${'x'.repeat(190)}${i}` as LogName });
    expect(driver.all('unsubscribed').length).toBeGreaterThan(0);
  });
});
