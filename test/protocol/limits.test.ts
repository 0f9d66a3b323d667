import fc from 'fast-check';
import { utf8Length } from 'message-flow/protocol';
import { expect, test } from 'vitest';

test('utf8Length counts what an encoder writes, for half pairs too', () => {
  const unit = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe00f }));
  const text = fc.array(unit).map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary' }), fc.string()), (any) => {
      expect(utf8Length(any)).toBe(Buffer.byteLength(any));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ['', 0],
  ['a', 1],
  ['\u007f\u0080', 3],
  ['\u07ff\u0800', 5],
  ['𝄞', 4],
  ['\ud834', 3],
  ['\udd1e\ud834', 6],
  ['\ud834𝄞', 7],
])('%j has %i bytes', (text, bytes) => {
  expect(utf8Length(text)).toBe(bytes);
});
