import fc from 'fast-check';
import { joinLogName, type LogName, userLog } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { findLogOfChannel, nameChannel, nameLogKeys, nameSaidKey } from '../../../src/broker/redis/log-names.ts';
import { slotOf } from '../../../src/broker/redis/slots.ts';

/** What Redis takes for a wildcard, for the tag of a slot, or for a divider in our own names. */
const HOSTILE = fc.constantFrom(
  '*',
  '?',
  '[a-z]',
  '\\',
  '{',
  '}',
  '{}',
  '{a}',
  ':',
  '::key:',
  ':entries',
  '/',
  '\u0000',
  '\r\n',
);
const SEGMENT = fc.oneof(HOSTILE, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }));
const LOG = fc
  .array(
    fc.oneof(
      SEGMENT,
      fc.tuple(SEGMENT, HOSTILE).map((parts) => parts.join('')),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .filter((segments) => encodeURIComponent(segments.join('')).length < 150)
  .map((segments) => joinLogName('channel', segments));
const KEY = fc.oneof(HOSTILE, fc.string({ unit: 'binary', maxLength: 20 }));

/** All names that a log and a key of it have in Redis. */
function namesOf(log: LogName, key: string): string[] {
  return [...nameLogKeys(log), nameSaidKey(log, key), nameChannel(log, 0), nameChannel(log, 1)];
}

test('two logs, or two keys of one, share no name', () => {
  fc.assert(
    fc.property(LOG, KEY, LOG, KEY, (log, key, otherLog, otherKey) => {
      const [mine, others] = [namesOf(log, key), namesOf(otherLog, otherKey)];
      expect(new Set(mine).size).toBe(mine.length);
      if (log !== otherLog) expect(mine.filter((name) => others.includes(name))).toEqual([]);
      else if (key !== otherKey) expect(mine[2]).not.toBe(others[2]);
    }),
    { numRuns: 2_000 },
  );
});

test('no wildcard passes into a channel, and from it the log is known', () => {
  fc.assert(
    fc.property(LOG, (log) => {
      expect(nameChannel(log, 3)).toMatch(/^flow:3:\{[A-Za-z0-9._~%/-]+\}$/);
      expect(findLogOfChannel(nameChannel(log, 3))).toBe(log);
    }),
    { numRuns: 2_000 },
  );
});

test('halves of surrogate pairs, which have no UTF-8, stay different keys', () => {
  const names = ['\ud800', '\ud801', '\udc00', '\ufffd'].map((key) => Buffer.from(nameSaidKey(userLog('ada'), key)));
  expect(new Set(names.map(String)).size).toBe(4);
});

test('a cluster keeps all that a log has in one slot', () => {
  fc.assert(
    fc.property(LOG, KEY, (log, key) => {
      expect(new Set(namesOf(log, key).map(slotOf)).size).toBe(1);
    }),
  );
});

test('slots are counted as the specification of Redis Cluster does', () => {
  expect(slotOf('123456789')).toBe(0x31c3);
});
