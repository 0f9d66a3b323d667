import fc from 'fast-check';
import { cutRawMembers } from 'message-flow/protocol';
import { expect, test } from 'vitest';

const spaces = fc.stringMatching(/^[ \t\n\r]{0,3}$/);

/** JSON text in an odd hand: spaces anywhere, any character of a string as an escape. */
function scrawl(value: unknown, next: () => { space: string; isEscaped: boolean }): string {
  const pad = (text: string) => `${next().space}${text}${next().space}`;
  const write = (text: string) =>
    `"${[...Array(text.length).keys()]
      .map((i) =>
        next().isEscaped
          ? `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
          : JSON.stringify(text[i]).slice(1, -1),
      )
      .join('')}"`;
  if (typeof value === 'string') return pad(write(value));
  if (Array.isArray(value)) return pad(`[${value.map((item) => scrawl(item, next)).join(',') || next().space}]`);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, item]) => `${pad(write(name))}:${scrawl(item, next)}`);
    return pad(`{${members.join(',') || next().space}}`);
  }
  return pad(JSON.stringify(value));
}

const hands = fc
  .infiniteStream(fc.record({ space: spaces, isEscaped: fc.boolean() }))
  .map((stream) => () => stream.next().value as { space: string; isEscaped: boolean });
const names = fc.oneof(fc.constantFrom('data', 'id', 'user', 'datum', '', '__proto__'), fc.string());
const objects = fc.dictionary(names, fc.jsonValue(), { noNullPrototype: false });

test('what is cut out parses to what JSON.parse gives, whatever the hand', () => {
  fc.assert(
    fc.property(objects, hands, (message, hand) => {
      const body = scrawl(message, hand);
      const parsed = JSON.parse(body) as Record<string, unknown>;
      const [data, ...others] = cutRawMembers(body, 'data');
      expect(others).toEqual([]);
      expect(data === undefined).toBe(!Object.hasOwn(parsed, 'data'));
      if (data !== undefined) expect(JSON.parse(data)).toEqual(parsed.data);
    }),
    { numRuns: 200 },
  );
});

test('of a list, each message gives its own', () => {
  fc.assert(
    fc.property(fc.array(objects), hands, (messages, hand) => {
      const body = scrawl(messages, hand);
      const parsed = JSON.parse(body) as Record<string, unknown>[];
      const cut = cutRawMembers(body, 'data');
      expect(cut.map((data) => (data === undefined ? undefined : JSON.parse(data)))).toEqual(
        parsed.map(({ data }) => data),
      );
    }),
    { numRuns: 200 },
  );
});

test('of two members of one name, JSON.parse takes the last, and so it is cut', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), hands, (first, second, hand) => {
      const body = `{"data":${scrawl(first, hand)},"d\\u0061ta":${scrawl(second, hand)}}`;
      expect(JSON.parse(cutRawMembers(body, 'data')[0] as string)).toEqual(
        (JSON.parse(body) as { data: unknown }).data,
      );
    }),
  );
});

test.each([
  ['{"data":12345678901234567890.000100}', '12345678901234567890.000100'],
  ['{"data":-0}', '-0'],
  ['{"data":1E+2,"id":"x"}', '1E+2'],
  ['{"data":"\\u00e9\\/"}', '"\\u00e9\\/"'],
  ['{"data": { "b" : 1,\t"a" : [ ] }  }', '{ "b" : 1,\t"a" : [ ] }'],
  ['{"x":"\\"data\\":7","data":8}', '8'],
  ['{"x":{"data":7},"data":8}', '8'],
  ['{"x":[{"data":7}],"data":8}', '8'],
  ['{"x":"}]{[\\\\","data":"}]{[\\\\"}', '"}]{[\\\\"'],
  ['{"data":null}', 'null'],
  ['{"data":""}', '""'],
  [' \n{ } ', undefined],
])('every digit and escape stays: %s', (body, data) => {
  expect(cutRawMembers(body, 'data')).toEqual([data]);
});

test('whatever the member is called, its own text is cut, and no other', () => {
  fc.assert(
    fc.property(objects, names, hands, (message, member, hand) => {
      const body = scrawl(message, hand);
      const parsed = JSON.parse(body) as Record<string, unknown>;
      const [text] = cutRawMembers(body, member);
      expect(text === undefined ? undefined : JSON.parse(text)).toEqual(
        Object.hasOwn(parsed, member) ? parsed[member] : undefined,
      );
    }),
    { numRuns: 200 },
  );
});

test('a body as deep as a body can be is cut without a deep stack', () => {
  const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
  expect(cutRawMembers(`{"data":${deep}}`, 'data')).toEqual([deep]);
});
