import { CLOSE_CODES, RESERVED_IDS } from 'message-flow/protocol';
import { expect, test } from 'vitest';

test('the reserved ids are those of the protocol, and no others', () => {
  expect([...RESERVED_IDS].sort()).toEqual([
    'AUTH',
    'AUTH FAILED',
    'AUTH OK',
    'AUTH REQUEST',
    'DRAIN',
    'ERROR',
    'GAP',
    'LIVE',
    'SUBSCRIBE',
    'TOKEN EXPIRING',
    'UNSUBSCRIBE',
    'UNSUBSCRIBED',
  ]);
});

test('each close code has one meaning, and is one that a server may send', () => {
  const codes = Object.values(CLOSE_CODES);
  expect(new Set(codes).size).toBe(codes.length);
  // RFC 6455, 7.4.2: below 1000 nothing, 1004 to 1006 and 1015 never on the wire, 4000–4999 are free.
  for (const code of codes)
    expect([1001, 1009, 1011, 1013].includes(code) || (code >= 4000 && code <= 4999)).toBe(true);
});
