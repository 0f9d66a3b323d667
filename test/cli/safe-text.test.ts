import { expect, test } from 'vitest';
import { escapeControls, findErrorCode, formatReason, formatSafe } from '../../src/cli/safe-text.ts';

test.each([
  ['redis://user:pass@host:1/0?password=x', 'redis://…@host:1/0'],
  ['redis://user:pass@host:1/0?password=a@b is away', 'redis://… is away'],
  ['nats://:p@ss:w@rd@host', 'nats://…@host'],
  ['cannot reach http://u:p@a/ or amqp://u:p@b/', 'cannot reach http://…@a/ or amqp://…@b/'],
  ['ws://host/websocket?token=abc#d', 'ws://host/websocket'],
  ['a line\nand another', 'a line\\u000aand another'],
  ['\u001b[31mred\u009b0m', '\\u001b[31mred\\u009b0m'],
  ['left \u202eto right', 'left \\u202eto right'],
  ['é 木 🙂', 'é 木 🙂'],
])('%j is shown as %j', (text, shown) => {
  expect(formatSafe(text)).toBe(shown);
});

test('what is long is cut', () => {
  expect(formatSafe('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxxx…');
});

test('JSON with escaped controls means the same', () => {
  const text = JSON.stringify({ a: '\u2028\u0085\u202e', b: '\u001b' });
  expect(JSON.parse(escapeControls(text))).toEqual(JSON.parse(text));
});

test('the reason of a failed fetch is the one below it', () => {
  const below = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const error = new TypeError('fetch failed', { cause: new AggregateError([below]) });
  expect(formatReason(error)).toBe('connect ECONNREFUSED 127.0.0.1:1');
});

test('the code of a system error is found below others', () => {
  expect(findErrorCode(new Error('a', { cause: Object.assign(new Error('b'), { code: 'EACCES' }) }))).toBe('EACCES');
});
