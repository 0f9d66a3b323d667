import { type EncodedJson, encodeEntryFrame, type LogName, type Position } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { cutData, formatEntry, formatJsonEntry } from '../../src/cli/entry-line.ts';

const PLACE = { log: 'user/ada' as LogName, at: 'e:1:00000000' as Position };

test.each(['12345678901234567890.10', '{"a": [1e400, -0.0]}', '" \\",\\"log\\":"', 'null'])(
  'the data %s is cut out of its frame to the digit',
  (data) => {
    const frame = encodeEntryFrame(PLACE.log, 'a "name"', data as EncodedJson, PLACE.at);
    expect(cutData(frame, { ...PLACE, event: 'a "name"' }, 'parsed')).toBe(data);
  },
);

test('of a frame in another order the parsed data is encoded again', () => {
  const frame = JSON.stringify({ log: PLACE.log, at: PLACE.at, id: 'tick', data: { n: 1 } });
  expect(cutData(frame, { ...PLACE, event: 'tick' }, { n: 1 })).toBe('{"n":1}');
});

const ENTRY = { ...PLACE, event: 'a\u009bname', data: '{\n  "a": "\u202e",\t"b": 1.0}' };

test('an entry is one line that a terminal obeys nothing of', () => {
  expect(formatEntry(ENTRY, 0)).toBe(
    '1970-01-01T00:00:00.000Z  user/ada  e:1:00000000  a\\u009bname  {   "a": "\\u202e", "b": 1.0}',
  );
});

test('an entry as JSON is one line with the same meaning', () => {
  const line = formatJsonEntry(ENTRY, 0);
  expect(line).not.toMatch(/[\n\u009b\u202e]/);
  expect(JSON.parse(line)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    ...PLACE,
    event: ENTRY.event,
    data: JSON.parse(ENTRY.data),
  });
});
