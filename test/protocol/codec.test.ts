import fc from 'fast-check';
import {
  type ClientFrame,
  type ControlFrame,
  type EncodedJson,
  encodeClientFrame,
  encodeControlFrame,
  encodeEntryFrame,
  findGatewayFrame,
  formatPosition,
  joinLogName,
  RESERVED_IDS,
  readClientText,
  type StartPosition,
  userLog,
} from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

const text = fc.string({ unit: 'binary' });
const milliseconds = fc.nat();
const log = fc
  .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
  .map((segments) => joinLogName('channel', segments));
const at = fc.nat().map((offset) => formatPosition({ epoch: 'epoch', offset, tag: '0badf00d' }));
const logs = fc.dictionary(
  fc.oneof(log as fc.Arbitrary<string>, text, fc.constantFrom('__proto__', 'constructor')),
  fc.oneof<fc.Arbitrary<StartPosition>[]>(at, fc.constant('start')),
);
/** What JSON can hold, but for -0, which it writes as 0. */
const json = fc.jsonValue().map((value) => JSON.stringify(value) as EncodedJson);

const controlFrame = fc.oneof<fc.Arbitrary<ControlFrame>[]>(
  fc.constant({ type: 'heartbeat' }),
  fc.constant({ type: 'auth-request' }),
  fc.record({ type: fc.constant('auth-ok'), user: text, heartbeatMs: milliseconds }),
  fc.record({ type: fc.constant('auth-failed'), reason: text }),
  fc.record({ type: fc.constant('gap'), log, at, reason: fc.constantFrom('trimmed', 'reset') }),
  fc.record({ type: fc.constant('live'), log, at }),
  fc.record({ type: fc.constant('unsubscribed'), log, reason: fc.constantFrom('refused', 'revoked') }),
  fc.record({ type: fc.constant('token-expiring'), inMs: milliseconds }),
  fc.record({ type: fc.constant('drain'), withinMs: milliseconds }),
  fc.record(
    {
      type: fc.constant('error'),
      code: fc.constantFrom('invalid-frame', 'invalid-log', 'too-many-logs', 'not-authenticated'),
      message: text,
      log: text,
    },
    { requiredKeys: ['type', 'code', 'message'] },
  ),
);

const clientFrame = fc.oneof<fc.Arbitrary<ClientFrame>[]>(
  fc.constant({ type: 'heartbeat' }),
  fc.record({
    type: fc.constant('bare-token'),
    token: text.filter((token) => !token.startsWith('{') && token !== '<3'),
  }),
  fc.record({ type: fc.constant('auth'), token: text, logs }),
  fc.record({ type: fc.constant('subscribe'), logs }),
  fc.record({ type: fc.constant('unsubscribe'), logs: fc.array(text) }),
);

/** Texts that come near to frames. */
const nearFrame = fc
  .record({
    id: fc.oneof(fc.constantFrom<unknown>(...RESERVED_IDS, '__proto__', 1, null), fc.jsonValue()),
    data: fc.oneof(
      fc.jsonValue(),
      fc.record(
        Object.fromEntries(
          ['token', 'logs', 'log', 'at', 'user', 'reason', 'heartbeatMs', 'inMs', 'withinMs', 'code', 'message'].map(
            (name) => [name, fc.oneof(text, fc.constant('a:1:'), fc.jsonValue())],
          ),
        ),
        { requiredKeys: [] },
      ),
    ),
    log: fc.jsonValue(),
    at: fc.jsonValue(),
  })
  .map((frame) => JSON.stringify(frame));
const anyText = fc.oneof(
  text,
  nearFrame,
  fc.json(),
  nearFrame.map((frame) => frame.slice(0, -1)),
);

describe('what a gateway writes', () => {
  test('is read by a client as it was, each control frame', () => {
    fc.assert(
      fc.property(controlFrame, (frame) => {
        expect(findGatewayFrame(encodeControlFrame(frame))).toStrictEqual({ ...frame });
      }),
      { numRuns: 1_000 },
    );
  });

  test('is read by a client as it was, each entry, whatever its event is called', () => {
    fc.assert(
      fc.property(log, fc.oneof(text, fc.constantFrom(...RESERVED_IDS)), json, at, (name, event, data, place) => {
        const frame = findGatewayFrame(encodeEntryFrame(name, event, data, place));
        expect(frame).toEqual({ type: 'entry', event, data: JSON.parse(data), log: name, at: place });
      }),
    );
  });

  test('holds the data of an entry byte for byte', () => {
    const data = '{"n":12345678901234567890.000100,"s":"\u2028\\u2028"}' as EncodedJson;
    expect(
      encodeEntryFrame(userLog('é'), 'TASK DONE', data, formatPosition({ epoch: 'e', offset: 1, tag: '0badf00d' })),
    ).toBe(`{"id":"TASK DONE","data":${data},"log":"user/%C3%A9","at":"e:1:0badf00d"}`);
  });

  test('has the bytes of 2016 where it had them: AUTH REQUEST with its space, and the heartbeat', () => {
    expect(encodeControlFrame({ type: 'auth-request' })).toBe('{"id": "AUTH REQUEST"}');
    expect(encodeControlFrame({ type: 'heartbeat' })).toBe('<3');
  });

  test('uses reserved ids only in control frames', () => {
    fc.assert(
      fc.property(controlFrame, (frame) => {
        fc.pre(frame.type !== 'heartbeat');
        expect(RESERVED_IDS).toContain(JSON.parse(encodeControlFrame(frame)).id);
      }),
    );
  });
});

describe('findGatewayFrame', () => {
  test('never throws', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        findGatewayFrame(any);
      }),
      { numRuns: 1_000 },
    );
  });

  test('never gives a duration that is no number, nor a name or place that is no text', () => {
    fc.assert(
      fc.property(nearFrame, (any) => {
        for (const [name, value] of Object.entries(findGatewayFrame(any) ?? {})) {
          if (name.endsWith('Ms')) expect(value).toBeGreaterThanOrEqual(0);
          else if (name !== 'data') expect(typeof value).toBe('string');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes null for a heartbeat that never comes: a gateway with heartbeats off writes it so', () => {
    const said = encodeControlFrame({ type: 'auth-ok', user: 'ada', heartbeatMs: Number.POSITIVE_INFINITY });
    expect(findGatewayFrame(said)).toEqual({ type: 'auth-ok', user: 'ada', heartbeatMs: Number.POSITIVE_INFINITY });
  });

  test.each([
    ['text', 'hello'],
    ['a list', '[{"id":"LIVE"}]'],
    ['an unknown id', '{"id":"NEW"}'],
    ['an id that is no text', '{"id":1}'],
    ['AUTH OK without a user', '{"id":"AUTH OK","data":{"heartbeatMs":1}}'],
    ['AUTH OK without a heartbeat', '{"id":"AUTH OK","data":{"user":"ada"}}'],
    ['AUTH OK with a heartbeat that is a text', '{"id":"AUTH OK","data":{"user":"ada","heartbeatMs":"1"}}'],
    ['DRAIN without a time', '{"id":"DRAIN"}'],
    ['DRAIN with a negative time', '{"id":"DRAIN","data":{"withinMs":-1}}'],
    ['TOKEN EXPIRING without a time', '{"id":"TOKEN EXPIRING","data":null}'],
    ['GAP without a place', '{"id":"GAP","data":{"log":"everyone","reason":"reset"}}'],
    ['LIVE at no position', '{"id":"LIVE","data":{"log":"everyone","at":"here"}}'],
    ['UNSUBSCRIBED from nothing', '{"id":"UNSUBSCRIBED","data":{"reason":"revoked"}}'],
    ['ERROR without a code', '{"id":"ERROR","data":{"message":"x"}}'],
    ['an entry at no position', '{"id":"x","data":1,"log":"everyone","at":"here"}'],
    ['an entry in no log', '{"id":"x","data":1,"log":null,"at":"a:1:"}'],
  ])('ignores %s', (_, any) => {
    expect(findGatewayFrame(any)).toBeUndefined();
  });

  test('ignores fields that it does not know', () => {
    expect(findGatewayFrame('{"id":"DRAIN","data":{"withinMs":1,"new":2},"more":3}')).toEqual({
      type: 'drain',
      withinMs: 1,
    });
  });
});

describe('what a client writes', () => {
  test('is read by a gateway as it was', () => {
    fc.assert(
      fc.property(clientFrame, (frame) => {
        expect(readClientText(encodeClientFrame(frame))).toEqual(frame);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('readClientText', () => {
  test('never throws', () => {
    fc.assert(
      fc.property(anyText, (any) => {
        expect(readClientText(any).type).toMatch(
          /^(heartbeat|bare-token|auth|subscribe|unsubscribe|malformed|unknown|invalid)$/,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['<3', { type: 'heartbeat' }],
    ['', { type: 'bare-token', token: '' }],
    ['<3 ', { type: 'bare-token', token: '<3 ' }],
    ['a.b.c', { type: 'bare-token', token: 'a.b.c' }],
    ['[1]', { type: 'bare-token', token: '[1]' }],
    [' {"id":"AUTH"}', { type: 'bare-token', token: ' {"id":"AUTH"}' }],
    ['{', { type: 'malformed' }],
    ['{"id":"AUTH"', { type: 'malformed' }],
    ['{}{}', { type: 'malformed' }],
    ['{}', { type: 'unknown' }],
    ['{"id":"HELLO"}', { type: 'unknown' }],
    ['{"id":"auth"}', { type: 'unknown' }],
    ['{"id":["AUTH"]}', { type: 'unknown' }],
    ['{"id":"AUTH REQUEST"}', { type: 'unknown' }],
    ['{"id":"AUTH","data":{"token":"t"}}', { type: 'auth', token: 't', logs: {} }],
    ['{"id":"AUTH","data":{"token":"t","logs":null}}', { type: 'auth', token: 't', logs: {} }],
    [
      '{"id":"AUTH","data":{"token":"t","logs":{"everyone":"start"},"new":1}}',
      { type: 'auth', token: 't', logs: { everyone: 'start' } },
    ],
    [
      '{"id":"AUTH","data":{"token":"t","logs":{"no name":"no position"}}}',
      { type: 'auth', token: 't', logs: { 'no name': 'no position' } },
    ],
    ['{"id":"SUBSCRIBE","data":{"logs":{}}}', { type: 'subscribe', logs: {} }],
    ['{"id":"SUBSCRIBE","data":{"logs":{"everyone":"a:1:"}}}', { type: 'subscribe', logs: { everyone: 'a:1:' } }],
    ['{"id":"UNSUBSCRIBE","data":{"logs":["everyone"]}}', { type: 'unsubscribe', logs: ['everyone'] }],
    ['{"id":"UNSUBSCRIBE","data":{"logs":[]}}', { type: 'unsubscribe', logs: [] }],
  ])('reads %s', (any, frame) => {
    expect(readClientText(any)).toEqual(frame);
  });

  test.each([
    '{"id":"AUTH"}',
    '{"id":"AUTH","data":null}',
    '{"id":"AUTH","data":"t"}',
    '{"id":"AUTH","data":["t"]}',
    '{"id":"AUTH","data":{}}',
    '{"id":"AUTH","data":{"token":1}}',
    '{"id":"AUTH","data":{"token":"t","logs":[]}}',
    '{"id":"AUTH","data":{"token":"t","logs":"everyone"}}',
    '{"id":"AUTH","data":{"token":"t","logs":{"everyone":1}}}',
    '{"id":"AUTH","data":{"token":"t","logs":{"everyone":null}}}',
    '{"id":"SUBSCRIBE"}',
    '{"id":"SUBSCRIBE","data":{}}',
    '{"id":"SUBSCRIBE","data":{"logs":null}}',
    '{"id":"SUBSCRIBE","data":{"logs":["everyone"]}}',
    '{"id":"SUBSCRIBE","data":{"logs":{"everyone":{}}}}',
    '{"id":"UNSUBSCRIBE"}',
    '{"id":"UNSUBSCRIBE","data":[]}',
    '{"id":"UNSUBSCRIBE","data":{"logs":{"everyone":"start"}}}',
    '{"id":"UNSUBSCRIBE","data":{"logs":[1]}}',
  ])('finds the shape of %s wrong, and says what it needs', (any) => {
    const read = readClientText(any);
    expect(read).toMatchObject({ type: 'invalid' });
    expect(read.type === 'invalid' && read.message).toMatch(/needs data\./);
  });
});
