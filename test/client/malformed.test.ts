import fc from 'fast-check';
import type { SessionEvent } from 'message-flow/client';
import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { ALL, at, createSessionDriver, ME, PROJECT } from './session-driver.ts';

const ids = fc.constantFrom(
  'AUTH REQUEST',
  'AUTH OK',
  'AUTH FAILED',
  'GAP',
  'LIVE',
  'UNSUBSCRIBED',
  'TOKEN EXPIRING',
  'DRAIN',
  'ERROR',
  '__proto__',
);
const names = fc.constantFrom<unknown>(ME, ALL, PROJECT, '__proto__', 'constructor', '', 7, null);
const places = fc.oneof(fc.constantFrom<unknown>(at(1), at(10_000), at(3, 'other'), 'start', ''), fc.jsonValue());
const data = fc.oneof(
  fc.jsonValue(),
  fc.record({ log: names, at: places, reason: fc.jsonValue(), withinMs: fc.jsonValue(), heartbeatMs: fc.jsonValue() }),
);
const texts = fc.oneof(
  fc.string(),
  fc.json(),
  fc.record({ id: fc.oneof(ids, fc.jsonValue()), data }).map((frame) => JSON.stringify(frame)),
  fc.record({ id: fc.string(), data, log: names, at: places }).map((frame) => JSON.stringify(frame)),
);

test('no text from the network throws, or asks for a timer that is no time', () => {
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 20 }), (sequence) => {
      const driver = createSessionDriver();
      driver.goLive(PROJECT);
      for (const text of sequence) {
        for (const effect of driver.session.step({ type: 'text', text }, driver.now)) {
          if (effect.type === 'timer') expect(effect.atMs).toBeGreaterThanOrEqual(driver.now);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a malformed frame changes no position', () => {
  const driver = createSessionDriver();
  driver.goLive();
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"id":7}',
    '{"id":"GAP","data":{"log":"user/ada"}}',
    '{"id":"GAP","data":{"log":"user/ada","at":"nowhere"}}',
    '{"id":"said","log":"user/ada","at":"e:9999999999999999999:"}',
    '{"id":"said","log":"user/ada","at":7}',
  ]) {
    driver.step({ type: 'text', text });
  }
  expect(driver.session.logs.get(ME)?.position).toBe(at(10));
  expect(driver.all('deliver')).toEqual([]);
  expect(driver.all('gap')).toEqual([]);
});

const answers = fc.record({
  type: fc.constant('token' as const),
  token: fc.string(),
  user: fc.constantFrom('ada', 'bob', '', '*', '\ud800'),
  at: fc.dictionary(fc.constantFrom<string>(ME, ALL, PROJECT, 'user/bob', '__proto__', ''), places),
  refused: fc.array(fc.constantFrom<string>(PROJECT, ME, '')),
  saved: fc.dictionary(fc.constantFrom<string>(ME, ALL, PROJECT), places),
}) as fc.Arbitrary<SessionEvent>;
const events: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.constantFrom<SessionEvent>(
    { type: 'start' },
    { type: 'stop' },
    { type: 'opened' },
    { type: 'wake' },
    { type: 'timer' },
    { type: 'token-failed', reason: 'unavailable' },
    { type: 'token-failed', reason: 'signed-out' },
    { type: 'follow', log: PROJECT },
    { type: 'follow', log: 'run/ada/task/1' as LogName },
    { type: 'unfollow', log: PROJECT },
    { type: 'unfollow', log: ME },
    { type: 'visibility', isHidden: true },
    { type: 'visibility', isHidden: false },
  ),
  answers,
  texts.map((text) => ({ type: 'text', text }) as const),
  fc
    .constantFrom(1001, 1006, 1009, 1013, 4400, 4401, 4408, 4409, 4413, 4429)
    .map((code) => ({ type: 'closed', code }) as const),
);

test('no order of events throws, opens two sockets, or sends into none', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(events, fc.nat({ max: 40_000 })), { maxLength: 60 }), (sequence) => {
      const driver = createSessionDriver();
      let isThere = false;
      const check = () => {
        for (const { type } of driver.effects) {
          if (type === 'open') expect(isThere).toBe(false);
          if (type === 'send' || type === 'close') expect(isThere).toBe(true);
          if (type === 'open' || type === 'close') isThere = type === 'open';
        }
        driver.clear();
      };
      for (const [event, laterMs] of sequence) {
        if (event.type === 'closed') isThere = false;
        driver.step(event);
        check();
        driver.stall(laterMs);
        check();
      }
    }),
    { numRuns: 1_000 },
  );
});
