import fc from 'fast-check';
import {
  type ControlFrame,
  DIALECTS,
  type Dialect,
  type EncodedJson,
  EVERYONE,
  encodeDialectControl,
  encodeDialectEntry,
  encodeOpeningControl,
  findDialectFrame,
  getDialect,
  type Position,
  userLog,
} from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

const dialects = fc.constantFrom(...DIALECTS);
const texts = fc.string({ unit: 'binary' });
const users = texts.filter((user) => {
  try {
    return userLog(user) !== undefined;
  } catch {
    return false;
  }
});

test.each([
  ['2016', '{"username": "ada", "id": "TASK DONE", "data": [1, 2]}'],
  ['2017', '{"username": "ada", "action": "TASK DONE", "payload": [1, 2]}'],
  ['2020', '{"user_id": "ada", "actionType": "TASK DONE", "payload": [1, 2]}'],
])('an entry of %s has its keys, in its order, with the spaces of json.dumps', (name, frame) => {
  expect(encodeDialectEntry(getDialect(name), userLog('ada'), 'TASK DONE', '[1, 2]' as EncodedJson)).toBe(frame);
});

test('as Python writes it, all around the data is ASCII', () => {
  const frame = encodeDialectEntry(getDialect('2016'), userLog('Zoë'), '"\\\u007f\n😀', '"é"' as EncodedJson);
  expect(frame).toBe('{"username": "Zo\\u00eb", "id": "\\"\\\\\\u007f\\n\\ud83d\\ude00", "data": "é"}');
});

test.each(DIALECTS)('what is sent to everyone is from "*" in $name', (dialect) => {
  const frame = JSON.parse(encodeDialectEntry(dialect, EVERYONE, 'news', '1' as EncodedJson));
  expect(frame).toEqual({ [dialect.userKey]: '*', [dialect.idKey]: 'news', [dialect.dataKey]: 1 });
});

test('of an entry every string comes back, and its data to the digit', () => {
  const numbers = fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
  fc.assert(
    fc.property(dialects, users, texts, numbers, (dialect, user, event, number) => {
      const text = encodeDialectEntry(dialect, userLog(user), event, number as EncodedJson);
      expect(text).toContain(`"${dialect.dataKey}": ${number}}`);
      expect(JSON.parse(text)).toEqual({
        [dialect.userKey]: user,
        [dialect.idKey]: event,
        [dialect.dataKey]: JSON.parse(number),
      });
    }),
  );
});

test('what a server of a dialect writes is read by its client', () => {
  const words = ['AUTH REQUEST', 'AUTH OK', 'AUTH FAILED'];
  fc.assert(
    fc.property(dialects, users, texts, fc.jsonValue(), (dialect, user, event, data) => {
      fc.pre(!words.includes(event));
      const text = encodeDialectEntry(dialect, userLog(user), event, JSON.stringify(data) as EncodedJson);
      const expected = { type: 'entry', event, data: JSON.parse(JSON.stringify(data)), isForEveryone: false };
      expect(findDialectFrame(dialect, text)).toEqual(expected);
    }),
  );
});

test('no text makes the reading of a server throw', () => {
  fc.assert(
    fc.property(dialects, fc.oneof(texts, fc.json()), (dialect, text) => {
      findDialectFrame(dialect, text);
    }),
  );
});

describe('control frames', () => {
  const AT = 'e:1:' as Position;
  const UNKNOWN: readonly ControlFrame[] = [
    { type: 'gap', log: EVERYONE, at: AT, reason: 'reset' },
    { type: 'live', log: EVERYONE, at: AT },
    { type: 'unsubscribed', log: EVERYONE, reason: 'revoked' },
    { type: 'token-expiring', inMs: 1 },
    { type: 'drain', withinMs: 1 },
    { type: 'error', code: 'invalid-frame', message: '' },
  ];
  const KNOWN: readonly [ControlFrame, string][] = [
    [{ type: 'auth-request' }, 'AUTH REQUEST'],
    [{ type: 'auth-ok', user: 'ada', heartbeatMs: 1 }, 'AUTH OK'],
    [{ type: 'auth-failed', reason: 'expired' }, 'AUTH FAILED'],
  ];

  test.each(DIALECTS)('of $name are one member, and read by its client', (dialect: Dialect) => {
    for (const [frame, word] of KNOWN) {
      const text = encodeDialectControl(dialect, frame) as string;
      expect(text).toBe(`{"${dialect.idKey}": "${word}"}`);
      expect(findDialectFrame(dialect, text)).toEqual({ type: frame.type });
    }
    expect(encodeDialectControl(dialect, { type: 'heartbeat' })).toBe('<3');
  });

  test.each(DIALECTS)('that $name does not know are not written', (dialect: Dialect) => {
    expect(UNKNOWN.map((frame) => encodeDialectControl(dialect, frame))).toEqual(UNKNOWN.map(() => undefined));
    expect(UNKNOWN.map((frame) => encodeOpeningControl(DIALECTS, frame))).toEqual(UNKNOWN.map(() => undefined));
  });

  test('before it is known who listens have the key of each', () => {
    expect(encodeOpeningControl(DIALECTS, { type: 'auth-request' })).toBe(
      '{"id": "AUTH REQUEST", "action": "AUTH REQUEST", "actionType": "AUTH REQUEST"}',
    );
    expect(encodeOpeningControl([getDialect('2016')], { type: 'auth-failed', reason: '' })).toBe(
      '{"id": "AUTH FAILED"}',
    );
  });

  test.each(DIALECTS)('that have the key of each are read by a client of $name', (dialect: Dialect) => {
    for (const [frame] of KNOWN) {
      expect(findDialectFrame(dialect, encodeOpeningControl(DIALECTS, frame) as string)).toEqual({ type: frame.type });
    }
  });
});

test('a dialect that nobody speaks is an error that names those there are', () => {
  expect(() => getDialect('2015')).toThrow('Cannot speak the dialect "2015": there are 2016, 2017, 2020');
});
