import fc from 'fast-check';
import {
  CONTROL,
  canaryLog,
  EVERYONE,
  findLogName,
  joinLogName,
  kindOf,
  type LogKind,
  type LogName,
  MAX_LOG_NAME_BYTES,
  segmentsOf,
  userLog,
} from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

/** Short enough for a name, whatever is in it, and whole pairs only. */
const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 });
const kind = fc.constantFrom<LogKind>('everyone', 'user', 'run', 'channel', 'store', 'control', 'canary');
/** Texts near to names: what an attacker tries. */
const nearName = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'user',
        'run',
        'channel',
        'store',
        'everyone',
        'control',
        'canary',
        '/',
        '%',
        '*',
        '%2A',
        '%2a',
        '%41',
      ),
      fc.constantFrom('a', 'A', '.', '..', '%C3%A9', '%C3', '%00', ' ', '~', '__proto__', '\ud834'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('joinLogName', () => {
  test('gives different names to different segments', () => {
    const segments = fc.array(segment, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(segments, segments, (a, b) => {
        const isSame = a.length === b.length && a.every((text, i) => text === b[i]);
        expect(findJoined('channel', a) === findJoined('channel', b)).toBe(
          isSame || findJoined('channel', a) === undefined,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('gives different names to segments that differ in a slash, a percent or their case', () => {
    const names = [['a/b'], ['a', 'b'], ['a%2Fb'], ['a%2fb'], ['a%252Fb'], ['A/b'], ['a', 'B']].map((segments) =>
      joinLogName('channel', segments),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('keeps what RFC 3986 reserves for nothing and encodes all else, in upper case', () => {
    const ascii = String.fromCharCode(...Array.from({ length: 0x5f }, (_, i) => i + 0x20));
    expect(joinLogName('user', [ascii.slice(0, 32)])).toBe(
      'user/%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F',
    );
    expect(joinLogName('user', [ascii.slice(32)])).toBe(
      'user/%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~',
    );
    expect(joinLogName('user', ['é𝄞'])).toBe('user/%C3%A9%F0%9D%84%9E');
  });

  test('makes names that segmentsOf and kindOf undo', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<LogKind>('channel', 'store'),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        (k, raw) => {
          const name = findJoined(k, raw);
          fc.pre(name !== undefined);
          expect([kindOf(name), segmentsOf(name)]).toEqual([k, raw]);
        },
      ),
    );
  });

  test('takes 200 bytes and refuses 201', () => {
    expect(joinLogName('channel', ['x'.repeat(192)]).length).toBe(MAX_LOG_NAME_BYTES);
    expect(() => joinLogName('channel', ['x'.repeat(193)])).toThrow('201 bytes, limit is 200');
    expect(() => joinLogName('channel', ['é'.repeat(33)])).toThrow(RangeError);
  });

  test.each<[LogKind, string[]]>([
    ['everyone', ['x']],
    ['control', ['x']],
    ['user', []],
    ['user', ['a', 'b']],
    ['user', ['*']],
    ['run', ['u', 't']],
    ['run', ['u', 't', 'n', 'x']],
    ['channel', []],
    ['store', []],
    ['canary', []],
    ['channel', ['']],
    ['channel', ['a', '']],
    ['channel', ['\ud834']],
    ['channel', ['\udd1e\ud834']],
  ])('refuses %s with %j', (k, raw) => {
    expect(() => joinLogName(k, raw)).toThrow(RangeError);
  });
});

describe('findLogName', () => {
  test('takes every name that joinLogName makes', () => {
    fc.assert(
      fc.property(kind, fc.array(segment, { maxLength: 4 }), (k, raw) => {
        const name = findJoined(k, raw);
        if (name !== undefined) expect(findLogName(name)).toBe(name);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes nothing that joinLogName does not make', () => {
    fc.assert(
      fc.property(fc.oneof(nearName, fc.string({ unit: 'binary' })), (text) => {
        const name = findLogName(text);
        if (name !== undefined) expect(joinLogName(kindOf(name), segmentsOf(name))).toBe(text);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    'everyone',
    'control',
    'user/ada',
    'user/.',
    'user/..',
    'user/%00',
    'user/%2A%2A',
    'user/__proto__',
    'user/a%2Fb',
    'run/u/t/n',
    'channel/a',
    'channel/a/b/c/d/e',
    'store/%F0%9D%84%9E',
    'canary/g1',
    `user/${'x'.repeat(195)}`,
  ])('takes %j', (text) => {
    expect(findLogName(text)).toBe(text);
  });

  test.each([
    '',
    '/',
    'everyone/',
    'everyone/x',
    'control/x',
    'user',
    'user/',
    'user/a/b',
    'user/a/',
    '/user/a',
    'user//a',
    'user/*',
    'user/%2A',
    'user/%2a',
    'user/a b',
    'user/é',
    'user/%c3%a9',
    'user/%C3%a9',
    'user/%C3',
    'user/%',
    'user/%ZZ',
    'user/%41',
    'user/%7E',
    'user/%C0%AF',
    'user/%ED%A0%B4',
    "user/'",
    'user/a\n',
    'User/a',
    'run/u/t',
    'run/u/t/n/x',
    'channel',
    'channel/',
    'channel/a//b',
    'room/a',
    '__proto__',
    '__proto__/a',
    'constructor/a',
    'toString',
    `user/${'x'.repeat(196)}`,
  ])('refuses %j', (text) => {
    expect(findLogName(text)).toBeUndefined();
  });
});

test('the logs that everyone knows have their names', () => {
  expect([EVERYONE, CONTROL, userLog('ada'), canaryLog('g 1')]).toEqual([
    'everyone',
    'control',
    'user/ada',
    'canary/g%201',
  ]);
  for (const log of [EVERYONE, CONTROL])
    expect([findLogName(log), kindOf(log), segmentsOf(log)]).toEqual([log, log, []]);
});

test('the user "*" has no log, because "*" means everyone in older peers', () => {
  expect(() => userLog('*')).toThrow('it means everyone');
  expect(() => userLog('')).toThrow(RangeError);
});

function findJoined(k: LogKind, raw: readonly string[]): LogName | undefined {
  try {
    return joinLogName(k, raw);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return undefined;
  }
}
