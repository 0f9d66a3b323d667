import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { ALL, ANSWER, at, auth, createSessionDriver, ME, PROJECT } from './session-driver.ts';

test('a session waits for start', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'follow', log: PROJECT });
  driver.advance(60_000);
  expect(driver.all('fetch-token')).toEqual([]);
  expect(driver.status).toEqual({
    state: 'connecting',
    reason: 'idle',
    connected: false,
    authenticated: false,
    user: undefined,
  });
});

test('what is followed in the tick of the start shares one token', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.step({ type: 'follow', log: PROJECT });
  expect(driver.all('fetch-token')).toEqual([]);
  driver.advance(0);
  expect(driver.all('fetch-token')).toEqual([{ type: 'fetch-token', logs: [PROJECT] }]);
});

test('the token comes before the socket, and AUTH with every position at once on opening', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.step({ type: 'follow', log: PROJECT });
  driver.advance(0);
  expect(driver.all('open')).toEqual([]);
  driver.answerToken({ at: { ...ANSWER, [PROJECT]: at(5) } });
  expect(driver.all('open')).toEqual([{ type: 'open' }]);
  driver.step({ type: 'opened' });
  expect(driver.sent()).toEqual([auth({ [ME]: at(10), [ALL]: at(20), [PROJECT]: at(5) })]);
});

test('AUTH REQUEST asks for nothing more', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'opened' });
  driver.clear();
  driver.say('AUTH REQUEST');
  expect(driver.sent()).toEqual([]);
  expect(driver.all('fetch-token')).toEqual([]);
});

test('the state is live once every log has caught up', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.authenticate();
  expect(driver.status).toMatchObject({
    state: 'connecting',
    reason: 'authenticated',
    authenticated: true,
    user: 'ada',
  });
  driver.say('LIVE', { log: ME, at: at(10) });
  expect(driver.status.state).toBe('connecting');
  driver.say('LIVE', { log: ALL, at: at(20) });
  expect(driver.status).toMatchObject({ state: 'live', reason: 'caught-up' });
});

test('a first attempt that fails is shown as offline, until the connection is live', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'closed', code: 1006 });
  expect(driver.status).toMatchObject({ state: 'offline', reason: 'closed' });
  driver.advance(2_000);
  expect(driver.status.state).toBe('offline');
  driver.authenticate();
  expect(driver.status.state).toBe('connecting');
});

test('a reconnect goes on from the positions in memory, with the same token', () => {
  const driver = createSessionDriver();
  driver.goLive(PROJECT);
  driver.enter(PROJECT, at(31));
  driver.step({ type: 'closed', code: 1006 });
  driver.advance(2_000);
  expect(driver.all('fetch-token')).toEqual([]);
  driver.step({ type: 'opened' });
  expect(driver.sent()).toEqual([auth({ [ME]: at(10), [ALL]: at(20), [PROJECT]: at(31) })]);
});

test('a loss is not shown for 5 s', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'closed', code: 1006 });
  expect(driver.status).toMatchObject({ state: 'live', reason: 'closed', connected: false, authenticated: false });
  driver.advance(4_999);
  expect(driver.status.state).toBe('live');
  driver.advance(1);
  expect(driver.status.state).toBe('resuming');
});

test('a reconnect within 5 s is not shown at all', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'closed', code: 1006 });
  driver.advance(2_000);
  driver.authenticate();
  driver.say('LIVE', { log: ME, at: at(10) });
  driver.say('LIVE', { log: ALL, at: at(20) });
  driver.advance(10_000);
  expect(new Set(driver.all('state').map(({ status }) => status.state))).toEqual(new Set(['live']));
});

test('a loss after which attempts fail is shown as offline, after 5 s', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'closed', code: 1006 });
  driver.advance(2_000);
  driver.step({ type: 'closed', code: 1006 });
  expect(driver.status.state).toBe('live');
  driver.advance(3_000);
  expect(driver.status.state).toBe('offline');
});

test('a connection that does not authenticate in 10 s is left', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.advance(9_999);
  expect(driver.all('close')).toEqual([]);
  driver.advance(1);
  expect(driver.all('close')).toEqual([{ type: 'close' }]);
  expect(driver.status).toMatchObject({ state: 'offline', reason: 'timed-out' });
  driver.advance(2_000);
  expect(driver.all('open').length).toBe(2);
});

test('a start long after a stop connects, and what it waits for is timed anew', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'stop' });
  driver.stall(600_000);
  driver.clear();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'opened' });
  driver.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
  driver.clear();
  driver.advance(60_000);
  expect(driver.sent()).toContain('<3');
});

test('stop leaves the socket, wants no timer, and start goes on from there', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.enter(ME, at(11));
  driver.step({ type: 'stop' });
  expect(driver.all('close')).toEqual([{ type: 'close' }]);
  expect(driver.status).toMatchObject({ state: 'offline', reason: 'stopped' });
  driver.advance(600_000);
  expect(driver.all('open')).toEqual([]);
  driver.step({ type: 'start' });
  expect(driver.status).toMatchObject({ state: 'connecting', reason: 'started' });
  driver.advance(0);
  driver.answerToken();
  driver.step({ type: 'opened' });
  expect(driver.sent()).toEqual([auth({ [ME]: at(11), [ALL]: at(20) })]);
});

test('start after a stop asks whose the page is now, and does not go on as the user of before', () => {
  const driver = createSessionDriver();
  driver.goLive();
  driver.step({ type: 'stop' });
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.answerToken({ token: "bob's", user: 'bob', at: { ['user/bob' as LogName]: at(1), [ALL]: at(70) } });
  driver.step({ type: 'opened' });
  expect(driver.sent()).toEqual([auth({ [ALL]: at(70), 'user/bob': at(1) }, "bob's")]);
});

test('what comes after stop is not taken', () => {
  const driver = createSessionDriver();
  driver.step({ type: 'start' });
  driver.advance(0);
  driver.step({ type: 'stop' });
  driver.answerToken();
  driver.step({ type: 'opened' });
  driver.step({ type: 'closed', code: 4409 });
  expect(driver.all('open')).toEqual([]);
  expect(driver.status.reason).toBe('stopped');
});
