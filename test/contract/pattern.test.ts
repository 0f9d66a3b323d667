import fc from 'fast-check';
import { channel, fillPattern, matchPattern } from 'message-flow/contract';
import { segmentsOf } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

describe('fillPattern', () => {
  test('names the log, each parameter encoded in its place', () => {
    expect(fillPattern('channel', 'project/:projectId', { projectId: 'a/b é' })).toBe('channel/project/a%2Fb%20%C3%A9');
    expect(fillPattern('store', ':a/x/:b', { a: '1', b: ':a' })).toBe('store/1/x/%3Aa');
    expect(fillPattern('channel', 'news', {})).toBe('channel/news');
  });

  test('ignores parameters that the pattern has not', () => {
    expect(fillPattern('channel', 'a/:b', { b: '1', c: '2' })).toBe('channel/a/1');
  });

  test.each([
    ['missing', {}, 'parameter "b" is undefined'],
    ['empty', { b: '' }, 'parameter "b" is empty'],
    ['a number', { b: 1 } as unknown as Record<string, string>, 'parameter "b" is number'],
    ['half a surrogate pair', { b: '\ud834' }, 'half a surrogate pair'],
    ['too long', { b: 'x'.repeat(200) }, 'limit is 200'],
  ])('refuses a parameter that is %s', (_, params, message) => {
    expect(() => fillPattern('channel', 'a/:b', params)).toThrow(RangeError);
    expect(() => fillPattern('channel', 'a/:b', params)).toThrow(message);
  });

  test('takes no parameter from the prototype', () => {
    expect(() => fillPattern('channel', 'a/:constructor', {})).toThrow('parameter "constructor" is undefined');
  });
});

describe('matchPattern', () => {
  test('undoes fillPattern, whatever the parameters are called', () => {
    const name = fc.oneof(
      fc.stringMatching(/^[A-Za-z_]\w{0,5}$/),
      fc.constantFrom('__proto__', 'constructor', 'length'),
    );
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 });
    const literal = fc.stringMatching(/^[^:/][^/]{0,3}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value, literal), { minLength: 1, maxLength: 3, selector: ([first]) => first }),
        (list) => {
          const pattern = list.map(([param, , text]) => `${text}/:${param}`).join('/');
          const params = Object.fromEntries(list.map(([param, text]) => [param, text]));
          channel(pattern, {});
          expect(matchPattern(pattern, segmentsOf(fillPattern('channel', pattern, params)))).toEqual(params);
        },
      ),
    );
  });

  test.each([
    ['too few segments', 'a/:b', ['a']],
    ['too many segments', 'a/:b', ['a', 'b', 'c']],
    ['another literal', 'a/:b', ['c', 'b']],
    ['a literal in another case', 'a/:b', ['A', 'b']],
    ['a parameter where a literal is asked for', 'a/:b', [':b', 'a']],
  ])('fits not: %s', (_, pattern, segments) => {
    expect(matchPattern(pattern, segments)).toBeUndefined();
  });
});

describe('a pattern', () => {
  test.each(['a', 'a/b', ':a', 'a/:b', ':a/:b', 'a/:_b1/c', 'é *', '__proto__/:__proto__', 'a:b/c'])(
    'may be %j',
    (pattern) => {
      expect(channel(pattern, {}).pattern).toBe(pattern);
    },
  );

  test.each([
    ['', 'segment ""'],
    ['/', 'segment ""'],
    ['a/', 'segment ""'],
    ['/a', 'segment ""'],
    ['a//b', 'segment ""'],
    [':', 'segment ":"'],
    ['a/:', 'segment ":"'],
    [':1', 'segment ":1"'],
    [':a-b', 'segment ":a-b"'],
    [':é', 'segment ":é"'],
    ['::a', 'segment "::a"'],
    [':a?', 'segment ":a?"'],
    [':a/:a', 'comes twice'],
  ])('may not be %j', (pattern, message) => {
    expect(() => channel(pattern, {})).toThrow(RangeError);
    expect(() => channel(pattern, {})).toThrow(message);
  });
});
