import type { LogName, Position, StartPosition } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { choosePosition, isNews, positionAfterLive } from '../../src/client/positions.ts';
import { ALL, ANSWER, at, auth, createSessionDriver, ME, PROJECT } from './session-driver.ts';

const RUN = 'run/ada/transcribe/r1' as LogName;

describe('an entry', () => {
  test.each<[string, boolean, Position, StartPosition | undefined]>([
    ['after mine', true, at(6), at(5)],
    ['at mine', false, at(5), at(5)],
    ['before mine', false, at(4), at(5)],
    ['of another epoch', true, at(1, 'other'), at(5)],
    ['for who begins at the start', true, at(1), 'start'],
    ['for who has no place', true, at(1), undefined],
  ])('%s is news: %s', (_, isTrue, entry, mine) => {
    expect(isNews(entry, mine)).toBe(isTrue);
  });

  test('at or before the position is dropped, later ones are delivered once and in order', () => {
    const driver = createSessionDriver();
    driver.goLive();
    for (const offset of [9, 10, 11, 11, 12, 11, 13]) driver.enter(ME, at(offset));
    expect(driver.all('deliver').map((effect) => effect.at)).toEqual([at(11), at(12), at(13)]);
    expect(driver.session.logs.get(ME)?.position).toBe(at(13));
  });

  test('of a log that is not followed is ignored', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.enter(PROJECT, at(1));
    driver.enter('user/bob' as LogName, at(1));
    expect(driver.all('deliver')).toEqual([]);
  });

  test('before LIVE is replayed, after it is not', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.step({ type: 'closed', code: 1006 });
    driver.advance(2_000);
    driver.authenticate();
    driver.enter(ME, at(11));
    driver.say('LIVE', { log: ME, at: at(11) });
    driver.enter(ME, at(12));
    expect(driver.all('deliver')).toMatchObject([
      { at: at(11), replayed: true },
      { at: at(12), replayed: false },
    ]);
  });
});

describe('a GAP', () => {
  test.each([
    ['forwards', at(99)],
    ['backwards', at(3)],
    ['into another epoch', at(7, 'other')],
  ])('sets the position %s and is told in its place', (_, place) => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.enter(ME, at(11));
    driver.say('GAP', { log: ME, at: place, reason: 'reset' });
    expect(driver.all('gap')).toEqual([{ type: 'gap', log: ME, at: place, reason: 'reset' }]);
    expect(driver.session.logs.get(ME)?.position).toBe(place);
  });

  test('backwards lets entries through that come again', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.say('GAP', { log: ME, at: at(3), reason: 'reset' });
    driver.enter(ME, at(4));
    expect(driver.all('deliver').length).toBe(1);
  });

  test('of a log that is not followed is not told', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.say('GAP', { log: PROJECT, at: at(3), reason: 'reset' });
    expect(driver.all('gap')).toEqual([]);
  });
});

describe('LIVE', () => {
  test.each<[StartPosition | undefined, StartPosition]>([
    [undefined, at(9)],
    ['start', at(9)],
    [at(5), at(5)],
    [at(12), at(12)],
    [at(5, 'other'), at(5, 'other')],
  ])('at 9 for who stands at %s: %s', (mine, expected) => {
    expect(positionAfterLive(at(9), mine)).toBe(expected);
  });

  test('gives an empty run its place, so that what is trimmed later is told', () => {
    const driver = createSessionDriver();
    driver.goLive();
    driver.step({ type: 'follow', log: RUN });
    driver.advance(0);
    expect(driver.sent()).toEqual([auth({ [RUN]: 'start' })]);
    driver.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
    driver.say('LIVE', { log: RUN, at: at(0) });
    expect(driver.session.logs.get(RUN)?.position).toBe(at(0));
    expect(driver.all('live')).toEqual([{ type: 'live', log: RUN, at: at(0) }]);
  });
});

describe('where a log begins', () => {
  function begin(from: StartPosition | undefined, saved: object | undefined): unknown {
    const driver = createSessionDriver();
    driver.step({ type: 'start' });
    driver.step({ type: 'follow', log: PROJECT, from });
    driver.advance(0);
    driver.answerToken({ at: { ...ANSWER, [PROJECT]: at(3) }, ...(saved && { saved: saved as typeof ANSWER }) });
    return driver.session.logs.get(PROJECT)?.position;
  }

  test('a snapshot wins over sessionStorage', () => {
    expect(begin(at(1), { [PROJECT]: at(2) })).toBe(at(1));
  });

  test('sessionStorage wins over the token', () => {
    expect(begin(undefined, { [PROJECT]: at(2) })).toBe(at(2));
  });

  test('the token says it else', () => {
    expect(begin(undefined, undefined)).toBe(at(3));
  });

  test.each(['', 'rubbish', 7, null, {}, 'e:1'])('%j in sessionStorage counts as nothing', (rubbish) => {
    expect(begin(undefined, { [PROJECT]: rubbish })).toBe(at(3));
    expect(choosePosition(rubbish)).toBeUndefined();
  });

  test('a snapshot of the own logs wins too', () => {
    const driver = createSessionDriver();
    driver.step({ type: 'follow', log: ALL, from: at(1) });
    driver.step({ type: 'follow', log: ME, from: at(2) });
    driver.step({ type: 'start' });
    driver.advance(0);
    driver.answerToken();
    driver.step({ type: 'opened' });
    expect(driver.sent()).toEqual([auth({ [ALL]: at(1), [ME]: at(2) })]);
  });

  test('what is in memory wins over everything', () => {
    const driver = createSessionDriver();
    driver.goLive(PROJECT);
    driver.enter(PROJECT, at(31));
    driver.say('TOKEN EXPIRING', { inMs: 60_000 });
    driver.answerToken({ at: { ...ANSWER, [PROJECT]: at(99) }, saved: { [PROJECT]: at(5) } });
    expect(driver.session.logs.get(PROJECT)?.position).toBe(at(31));
  });
});
