import fc from 'fast-check';
import type { EncodedJson } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { encodeEntry } from '../../../src/broker/entry-text.ts';
import { findReading, findTop } from '../../../src/broker/redis/log-reply.ts';
import { findLiveEntry, findStoredEntry } from '../../../src/broker/redis/stored-entry.ts';

const LOG = 'channel/a' as Parameters<typeof findReading>[0];
const text = () => fc.string({ unit: 'binary' });

test('an entry is read as it was written, whatever its key and event hold', () => {
  fc.assert(
    fc.property(text(), text(), (key, event) => {
      const stored = `7 1800000000000 0badf00d ${encodeEntry({ key, event, data: '"\n"' as EncodedJson })}`;
      expect(findStoredEntry('e', stored)).toMatchObject({
        ...{ key, event, data: '"\n"', ts: 1_800_000_000_000 },
        previous: { offset: 6, tag: '0badf00d' },
      });
      expect(findLiveEntry(`e ${stored}`)).toEqual(findStoredEntry('e', stored));
    }),
  );
}, 60_000);

test.each([
  '',
  ' ',
  'e',
  'e 1 2 -',
  'e 1 2 - ["a","b"]',
  'e 1 2 - ["a"]\n1',
  'e 1 2 - [1,"b"]\n1',
  'e 1 2 - {"0":"a","1":"b"}\n1',
  'e 1 2 - ["a","b"\n1',
  'e 0 2 - ["a","b"]\n1',
  'e -1 2 - ["a","b"]\n1',
  'e 9999999999999999 2 - ["a","b"]\n1',
  'e 1 2 xyz ["a","b"]\n1',
  'e:f 1 2 - ["a","b"]\n1',
  `${'e'.repeat(39)} 1 2 - ["a","b"]\n1`,
])('what somebody else published, %j, is no entry and no exception', (said) => {
  expect(findLiveEntry(said)).toBeUndefined();
});

test('any text at all is an entry or none, and no exception', () => {
  fc.assert(fc.property(text(), (said) => void findLiveEntry(said)));
});

test.each([
  { reply: undefined },
  { reply: null },
  { reply: 1 },
  { reply: 'OK' },
  { reply: [] },
  { reply: [1, 2, 3] },
  { reply: ['e', 1] },
  { reply: ['e:f', 1, ''] },
  { reply: ['e', 1.5, ''] },
  { reply: ['e', 1, 'tag'] },
])('an answer of another shape, %j, is no end of a log', ({ reply }) => {
  expect(findTop(reply)).toBeUndefined();
  expect(findReading(LOG, 'start', reply)).toBeUndefined();
});

test.each([
  { reply: ['e', 1, '', 1, null] },
  { reply: ['e', 1, '', '1', null, []] },
  { reply: ['e', 1, '', 1, null, [1]] },
  { reply: ['e', 1, '', 1, null, ['nonsense']] },
])('an answer that is broken off, %j, is no reading', ({ reply }) => {
  expect(findReading(LOG, 'start', reply)).toBeUndefined();
});
