import fc from 'fast-check';
import type { EncodedJson, LogName, Position, StartPosition } from 'message-flow/protocol';
import { findLogName } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { type Answer, encodeAnswer, findAnswer } from '../../../src/broker/zeromq/answer-codec.ts';
import {
  CHECK_TOPIC,
  encodeLive,
  encodeSubscription,
  findLive,
  findSubscription,
  type LiveMessage,
  probeTopic,
  topicOf,
} from '../../../src/broker/zeromq/live-codec.ts';
import { encodeRequest, findRequest, type Request } from '../../../src/broker/zeromq/request-codec.ts';

const LOG = 'channel/a%20b' as LogName;
const AT = 'epoch:7:0badf00d' as Position;
const text = fc.string({ unit: 'binary', maxLength: 30 }); // no halves of pairs: an app's texts are Unicode
const data = fc.json().map((json) => json as EncodedJson);
const entry = fc.record({
  at: fc.constant(AT),
  key: text,
  event: text,
  data,
  ts: fc.nat(),
  previous: fc.constantFrom(null, { offset: 0 }, { offset: 6, tag: '0badf00d' }),
});

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ type: fc.constant('append'), log: fc.constant(LOG), entry: fc.record({ key: text, event: text, data }) }),
  fc.record({
    type: fc.constant('read'),
    log: fc.constant(LOG),
    after: fc.constantFrom<StartPosition>('start', AT),
    limit: fc.nat(),
  }),
  fc.record({ type: fc.constant('tops'), logs: fc.array(fc.constant(LOG)) }),
);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ type: fc.constant('appended'), at: fc.constantFrom(AT, null) }),
  fc.record({
    type: fc.constant('read'),
    reading: fc.oneof(
      fc.record({ entries: fc.array(entry), top: fc.constant(AT) }),
      fc.record({ entries: fc.array(entry), top: fc.constant(AT), gap: fc.constantFrom('trimmed', 'reset') }),
    ),
    hasMore: fc.boolean(),
  }),
  fc.record({ type: fc.constant('tops'), tops: fc.constant(new Map([[LOG, AT]])) }),
  fc.record({ type: fc.constant('failed'), code: fc.constantFrom('unavailable', 'closed', 'refused'), message: text }),
);

const message: fc.Arbitrary<LiveMessage> = fc.oneof(
  fc.record({ type: fc.constant('entry'), log: fc.constant(LOG), entry }),
  fc.record({ type: fc.constant('probe'), topic: fc.constant(probeTopic('a/1')), epoch: fc.constant('epoch') }),
  fc.record({ type: fc.constant('check'), number: fc.nat(), tops: fc.array(fc.constant([LOG, AT] as const)) }),
);

describe('what is written is read', () => {
  test('a request', () => {
    fc.assert(
      fc.property(fc.nat(), request, (id, request) => {
        expect(findRequest(toBuffers(encodeRequest(id, request)))).toEqual({ id, request });
      }),
    );
  });

  test('an answer', () => {
    fc.assert(
      fc.property(fc.nat(), answer, (id, answer) => {
        expect(findAnswer(toBuffers(encodeAnswer(id, answer)))).toEqual({ id, answer });
      }),
    );
  });

  test('a message at the live end', () => {
    fc.assert(
      fc.property(message, (message) => {
        expect(findLive(toBuffers(encodeLive(message)))).toEqual(message);
      }),
    );
  });

  test('a subscription to a log or a probe', () => {
    const probe = probeTopic('a/1');
    expect(findSubscription(encodeSubscription(topicOf(LOG), true))).toEqual({ isOn: true, log: LOG });
    expect(findSubscription(encodeSubscription(topicOf(LOG), false))).toEqual({ isOn: false, log: LOG });
    expect(findSubscription(encodeSubscription(probe, true))).toEqual({ isOn: true, probe });
  });
});

test('whatever frames come in, nothing throws', () => {
  const bytes = fc.oneof(
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom(1, 'read', 'tops', 'append', 'failed', LOG))).map(toBuffer),
    fc.constantFrom(
      Buffer.from(CHECK_TOPIC),
      Buffer.from(topicOf(LOG)),
      Buffer.from(probeTopic('a')),
      Buffer.from([1]),
    ),
  );
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 6 }), (frames) => {
      findRequest(frames);
      findAnswer(frames);
      findLive(frames);
      findSubscription(frames[0]);
    }),
    { numRuns: 2_000 },
  );
});

test('a request with an id that is none of a request has its fault, for its answer', () => {
  expect(findRequest(toBuffers(['[3,"tops",["nonsense"]]']))).toEqual({ id: 3, fault: 'a name is none of a log' });
  expect(findRequest(toBuffers(['[3,"zebra"]']))).toEqual({ id: 3, fault: expect.any(String) });
  expect(findRequest(toBuffers(['["3","tops",[]]']))).toBeUndefined();
});

test('a position longer than any goes as none', () => {
  const [header] = encodeRequest(1, { type: 'read', log: LOG, after: 'x'.repeat(100_000) as Position, limit: 1 });
  expect(header).toBe(`[1,"read","${LOG}","",1]`);
});

test("no topic of our own is a log's, and none is the beginning of another", () => {
  expect([CHECK_TOPIC, probeTopic('a')].map((topic) => findLogName(topic.slice(0, -1)))).toEqual([
    undefined,
    undefined,
  ]);
  expect(topicOf('user/adam' as LogName).startsWith(topicOf('user/ada' as LogName))).toBe(false);
});

function toBuffer(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function toBuffers(frames: readonly string[]): Buffer[] {
  return frames.map((frame) => Buffer.from(frame));
}
