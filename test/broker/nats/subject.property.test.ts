import fc from 'fast-check';
import { joinLogName, type LogName, userLog } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { messageIdOf, tokensOf } from '../../../src/broker/nats/subject.ts';
import { STREAM_KINDS, streamKindOf } from '../../../src/broker/stream-kind.ts';

/** Segments of names, with what NATS takes for structure more often than chance would. */
const segment = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('.', '*', '>', '/', '%', '2', 'E', ' ', '\t', '$', 'a'),
      minLength: 1,
      maxLength: 8,
    }),
  )
  .filter((text) => text !== '*');
const log = fc.oneof(
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => findName('channel', segments)),
  segment.map((user) => findName('user', [user])),
  fc.tuple(segment, segment, segment).map((segments) => findName('run', segments)),
);

/** A name, or a plain one where it would be too long. */
function findName(kind: 'channel' | 'user' | 'run', segments: string[]): LogName {
  try {
    return joinLogName(kind, segments);
  } catch {
    return userLog('plain');
  }
}

test('two logs have one subject only if they are one', () => {
  fc.assert(
    fc.property(log, log, (one, other) => {
      expect(tokensOf(one) === tokensOf(other)).toBe(one === other);
    }),
    { numRuns: 5_000 },
  );
});

test('no log is a wildcard, and none has an empty token or a space', () => {
  fc.assert(
    fc.property(log, (one) => {
      expect(tokensOf(one)).toMatch(/^[A-Za-z0-9_~%-]+(\.[A-Za-z0-9_~%-]+)*$/);
    }),
    { numRuns: 5_000 },
  );
});

test('no text at all is a wildcard, whoever calls it a name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(tokensOf(text)).toMatch(/^[A-Za-z0-9_~%.-]*$/);
    }),
    { numRuns: 5_000 },
  );
});

test('logs whose segments differ in a dot or a slash differ in their tokens', () => {
  const names = [['a', 'b'], ['a.b'], ['a/b'], ['a%2Eb'], ['a.', 'b'], ['..']].map((parts) =>
    joinLogName('channel', parts),
  );
  expect(names.map(tokensOf)).toEqual([
    'channel.a.b',
    'channel.a%2Eb',
    'channel.a%2Fb',
    'channel.a%252Eb',
    'channel.a%2E.b',
    'channel.%2E%2E',
  ]);
});

test('one key on two logs is two message ids, however log and key meet', () => {
  expect(messageIdOf(userLog('ab'), 'c')).not.toBe(messageIdOf(userLog('a'), 'bc'));
  expect(messageIdOf(userLog('a'), 'b')).toBe(messageIdOf(userLog('a'), 'b'));
});

test('every kind of log has a stream', () => {
  const logs = ['everyone', 'user/a', 'channel/a', 'store/a', 'canary/a', 'run/a/b/c', 'control'] as LogName[];
  expect(logs.map(streamKindOf)).toEqual([...Array(5).fill('messages'), 'runs', 'control']);
  expect(new Set(logs.map(streamKindOf))).toEqual(new Set(STREAM_KINDS));
});
