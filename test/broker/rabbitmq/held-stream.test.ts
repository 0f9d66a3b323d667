import fc from 'fast-check';
import { type EncodedJson, joinLogName, type LogName, type Position, userLog } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { createHeldStream, type HeldStreamOptions, type Taken } from '../../../src/broker/rabbitmq/held-stream.ts';
import { encodeStreamMessage, findStreamMessage } from '../../../src/broker/rabbitmq/stream-message.ts';

const ADA = userLog('ada');
const GRACE = userLog('grace');
const RUN = joinLogName('run', ['ada', 'task', 'one']);
const FOREVER = {
  maxEntries: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  maxAgeMs: Number.POSITIVE_INFINITY,
};

/** A stream that begins with the probe by which its epoch is named "e", and a hand to it. */
function openStream(options: Partial<HeldStreamOptions> = {}, begin = 1) {
  const held = createHeldStream({
    retention: FOREVER,
    keyWindowMs: 100,
    maxBytes: Number.POSITIVE_INFINITY,
    wallClock: () => 0,
    ...options,
  });
  let next = begin;
  const take = (text: string, offset = next): readonly Taken[] => {
    next = offset + 1;
    return held.take({ offset, text });
  };
  const probe = (id: string, epoch = '') => take(encodeStreamMessage({ type: 'probe', epoch, ts: 0, id }));
  const say = (log: LogName, key: string, { ts = 0, epoch = 'e', isFirst = false, offset = next } = {}) =>
    take(
      encodeStreamMessage({
        type: 'entry',
        epoch,
        ts,
        log,
        isFirst,
        entry: { key, event: 'said', data: '1' as EncodedJson },
      }),
      offset,
    );
  const read = (log: LogName, after: Position | 'start') => {
    const { entries, gap } = held.read(log, after, 1_000);
    return { keys: entries.map(({ key }) => key), gap };
  };
  if (begin === 1) probe('e');
  return { held, take, probe, say, read };
}

test('the first message of a stream names its epoch, and later ones repeat it', () => {
  const [whole, later] = [openStream(), openStream({}, 50)];
  later.probe('not the first', '');
  expect(later.held.epoch).toBeUndefined();
  later.say(ADA, 'a');
  expect([whole.held.epoch, later.held.epoch]).toEqual(['e', 'e']);
});

test.each([
  ['an entry that was sent to the stream that was here before', '["entry","before",0,"everyone",true]\n["a","b"]\n1'],
  ['something else', 'of another program'],
])('a stream that begins with %s is known by that', (_, text) => {
  const [one, other, later] = [1, 1, 2].map((begin) => openStream({}, begin === 1 ? 0 : begin));
  for (const stream of [one, other]) stream?.take(text, 1);
  const epoch = one?.held.epoch;
  expect([other?.held.epoch, epoch]).toEqual([epoch, expect.stringMatching(/^[0-9a-f]{16}$/)]);
  for (const stream of [one, other, later]) stream?.say(ADA, 'a', { epoch: epoch ?? '' });
  for (const stream of [one, other, later]) expect(stream?.read(ADA, 'start').keys).toEqual(['a']);
});

test('what was sent to the stream that was here before is no entry', () => {
  const { say, read } = openStream();
  say(ADA, 'stale', { epoch: 'before' });
  say(ADA, 'a');
  expect(read(ADA, 'start').keys).toEqual(['a']);
});

test('what something else wrote is no entry', () => {
  const { take, say, read } = openStream();
  for (const text of [
    '',
    '{}',
    'null',
    '["entry","e",0,"nowhere",true]\n["a","b"]\n1',
    '["entry","e",0,"everyone",true]',
  ])
    take(text);
  say(ADA, 'a');
  expect(read(ADA, 'start').keys).toEqual(['a']);
});

test('a key said again within the window gives the first place, however often', () => {
  const { say } = openStream();
  const [first] = say(ADA, 'a', { ts: 0 });
  const again = [60, 120, 180].map((ts) => say(ADA, 'a', { ts })[0]);
  for (const taken of again)
    expect(taken).toEqual({ type: 'entry', log: ADA, key: 'a', at: first?.type === 'entry' && first.at });
  expect(say(ADA, 'a', { ts: 280 })[0]).toHaveProperty('added');
});

test('who begins to read in the middle has the same entries, from a window after its beginning on', () => {
  const message = fc.record({ log: fc.constantFrom(ADA, GRACE), key: fc.constantFrom('a', 'b'), waitMs: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(message, { minLength: 20, maxLength: 60 }), fc.nat(20), (messages, begin) => {
      const [whole, later] = [openStream(), openStream({}, begin + 2)];
      let ts = 0;
      let fromMs: number | undefined;
      const seen: [Taken[], Taken[]] = [[], []];
      for (const [i, { log, key, waitMs }] of messages.entries()) {
        ts += waitMs;
        const all = whole.say(log, key, { ts });
        if (i < begin) continue;
        fromMs ??= ts;
        const some = later.say(log, key, { ts, offset: i + 2 });
        if (ts - fromMs < 100) continue;
        seen[0].push(...all);
        seen[1].push(...some);
      }
      const placesOf = (takens: Taken[]) =>
        takens.flatMap((taken) => (taken.type === 'entry' && taken.added ? [taken.at] : []));
      expect(placesOf(seen[1])).toEqual(placesOf(seen[0]));
    }),
  );
}, 30_000);

test('some numbers between two messages are the server’s own', () => {
  const { say, read } = openStream();
  say(ADA, 'a');
  say(ADA, 'b', { offset: 2 + 8 });
  expect(read(ADA, 'start')).toEqual({ keys: ['a', 'b'], gap: undefined });
});

test('a longer leap is where messages went unread: places before it are trimmed, for every log', () => {
  const { held, say, read } = openStream();
  say(ADA, 'a');
  const [before, quiet] = [held.topOf(ADA), held.topOf(GRACE)];
  expect(say(ADA, 'b', { offset: 2 + 9 })[0]).toEqual({ type: 'hole' });
  expect(read(ADA, before)).toEqual({ keys: ['b'], gap: 'trimmed' });
  expect(read(GRACE, quiet)).toEqual({ keys: [], gap: 'trimmed' });
  expect(held.topOf(ADA)).toMatch(/^e:11:/);
});

test('what is older than where reading began is trimmed, what lies after is whole', () => {
  const { say, held, read } = openStream({}, 50);
  say(ADA, 'a');
  expect(read(GRACE, 'e:30:' as Position).gap).toBe('trimmed');
  expect(read(GRACE, 'e:49:0badf00d' as Position).gap).toBe('trimmed');
  expect(read(GRACE, 'e:49:' as Position).gap).toBeUndefined();
  expect(read(GRACE, held.topOf(GRACE)).gap).toBeUndefined();
  expect(read(ADA, 'e:49:' as Position)).toEqual({ keys: ['a'], gap: undefined });
});

test('a place without a tag after the end of a log is whole, as far as the stream was read', () => {
  const { say, read } = openStream();
  say(ADA, 'a');
  say(GRACE, 'b');
  expect(read(ADA, 'e:3:' as Position)).toEqual({ keys: [], gap: undefined });
  expect(read(ADA, 'e:4:' as Position).gap).toBe('reset');
});

test('a run whose first entry may lie before what was read is trimmed from its start, one that begins there is not', () => {
  const [whole, begun, cut] = [openStream(), openStream({}, 50), openStream({}, 50)];
  whole.say(RUN, 'a');
  begun.say(RUN, 'a', { isFirst: true });
  cut.say(RUN, 'a');
  expect([whole, begun, cut].map(({ read }) => read(RUN, 'start').gap)).toEqual([undefined, undefined, 'trimmed']);
});

test('beyond its bound of bytes the oldest entries of all logs go, and are trimmed', () => {
  const { held, say, read } = openStream({ maxBytes: 4_000 });
  const [before, quiet] = [held.topOf(ADA), held.topOf(GRACE)];
  say(GRACE, 'quiet');
  const end = held.topOf(GRACE);
  for (const key of ['a', 'b', 'c', 'd']) say(ADA, key);
  expect(read(ADA, before)).toEqual({ keys: ['b', 'c', 'd'], gap: 'trimmed' });
  expect(read(GRACE, quiet)).toEqual({ keys: [], gap: 'trimmed' });
  expect(read(GRACE, end)).toEqual({ keys: [], gap: undefined });
});

test('the past of a loud log beside a quiet one costs nothing', () => {
  const { say, read, held } = openStream({ retention: { ...FOREVER, maxEntries: 2 }, maxBytes: 4_000 });
  say(GRACE, 'quiet');
  for (let i = 0; i < 5_000; i++) say(ADA, `${i}`);
  expect([read(GRACE, 'start').keys, read(ADA, 'start').keys]).toEqual([['quiet'], ['4998', '4999']]);
  for (const key of ['b', 'c']) say(GRACE, key);
  expect([read(GRACE, 'start').keys, read(ADA, 'start').keys]).toEqual([['b', 'c'], ['4999']]);
  expect(held.topOf(GRACE)).toMatch(/^e:5004:/);
});

test('retention by count and by age lets the oldest go', () => {
  let now = 0;
  const { say, read } = openStream({ retention: { ...FOREVER, maxEntries: 2, maxAgeMs: 50 }, wallClock: () => now });
  for (const key of ['a', 'b', 'c']) say(ADA, key);
  expect(read(ADA, 'start').keys).toEqual(['b', 'c']);
  now = 50;
  expect(read(ADA, 'start').keys).toEqual([]);
});

test('of a log that is forgotten, as too many others were said to since, nothing before is whole', () => {
  const { held, say, read } = openStream({ maxLogs: 2 });
  const [first] = say(ADA, 'a');
  for (const name of ['one', 'two']) say(userLog(name), 'a');
  const at = (first?.type === 'entry' ? first.at : '') as Position;
  expect([held.knows(ADA), read(ADA, at).gap]).toEqual([false, 'trimmed']);
  expect(read(ADA, held.topOf(ADA)).gap).toBeUndefined();
});

test('a message is read as it was written, whatever its key and event hold', () => {
  const text = () => fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text(), text(), fc.boolean(), (key, event, isFirst) => {
      const entry = { key, event, data: '"\n"' as EncodedJson };
      const message = { type: 'entry', epoch: 'e-1', ts: 12.5, log: ADA, isFirst, entry } as const;
      expect(findStreamMessage(encodeStreamMessage(message))).toEqual(message);
    }),
  );
}, 30_000);
