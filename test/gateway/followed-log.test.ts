import type { Entry, Reading } from 'message-flow/broker';
import { type EncodedJson, formatPosition, type LogName, type Position, tagOf } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { createFollowedLog } from '../../src/gateway/followed-log.ts';
import type { LogEvent } from '../../src/gateway/log-events.ts';
import { nextTurn, until } from '../support/until.ts';
import { createFaultyBroker } from './faulty-broker.ts';
import { append } from './test-gateway.ts';
import { keys, LOG, live, startRelay } from './test-relay.ts';

const RUN = 'run/ada/task/one' as LogName;

/** The place of the entry with this number; 0: before the first. */
function placeOf(n: number, epoch = 'e'): Position {
  return formatPosition({ epoch, offset: n, tag: n === 0 ? '' : tagOf(`key ${n}`) });
}

function entryOf(n: number, epoch = 'e'): Entry {
  const previous = n === 1 ? { offset: 0 } : { offset: n - 1, tag: tagOf(`key ${n - 1}`) };
  return { key: `key ${n}`, event: 'said', data: `${n}` as EncodedJson, at: placeOf(n, epoch), previous, ts: 0 };
}

/** A log's machine, and all that it asked a broker to read. */
function startMachine(log: LogName = LOG) {
  const join = (frames: readonly { readonly byteLength: number; readonly keys: readonly string[] }[]) => ({
    byteLength: frames.length,
    keys: frames.flatMap((frame) => frame.keys),
  });
  const machine = createFollowedLog<ReturnType<typeof join>, string>(
    log,
    { encode: ({ key }) => ({ byteLength: 1, keys: [key] }), join },
    { readLimit: 4, lingerMs: 60_000, maxRingEntries: 100, maxRingBytes: 100_000 },
  );
  const reads: string[] = [];
  function step(event: LogEvent<string>): void {
    for (const effect of machine.step(event, 0)) note(effect);
  }
  function note(effect: ReturnType<typeof machine.step>[number]): void {
    if (effect.type === 'read') reads.push(`${effect.purpose} ${effect.after}`);
  }
  return {
    step,
    reads,
    follow: (subscription: string, after: Position | 'start') => step({ type: 'follow', subscription, after }),
    read: (purpose: 'ring' | 'stretch', after: Position | 'start', reading: Reading) =>
      step({ type: 'read', purpose, after, reading }),
    /** Keys of entries, `GAP …` and `LIVE`, until there is nothing more. */
    takeAll(subscription: string): string[] {
      const told: string[] = [];
      for (let hasMore = true; hasMore; ) {
        const taking = machine.take(subscription, 1_000);
        for (const effect of taking.effects) note(effect);
        for (const delivery of taking.deliveries) {
          if (delivery.type === 'entries') told.push(...delivery.chunk.frame.keys);
          else told.push(delivery.type === 'gap' ? `GAP ${delivery.reason}` : 'LIVE');
        }
        hasMore = taking.hasMore && taking.deliveries.length > 0;
      }
      return told;
    },
  };
}

/** A machine whose one follower is live at the end of an empty log. */
function startLive() {
  const machine = startMachine();
  machine.follow('one', 'start');
  machine.step({ type: 'attached' });
  machine.takeAll('one');
  machine.read('stretch', 'start', { entries: [], top: placeOf(0) });
  expect(machine.takeAll('one')).toEqual(['LIVE']);
  machine.reads.length = 0;
  return machine;
}

test('a stretch that shows another numbering is the end of the ring: who is live is told, too', () => {
  const { follow, takeAll, read, reads } = startLive();
  follow('two', placeOf(7));
  takeAll('two');
  read('stretch', placeOf(7), { entries: [], top: placeOf(0, 'f'), gap: 'reset' });
  expect(reads).toEqual([`stretch ${placeOf(7)}`, `ring ${placeOf(0)}`]);
  read('ring', placeOf(0), { entries: [], top: placeOf(0, 'f'), gap: 'reset' });
  expect(takeAll('one')).toEqual([]);
  read('stretch', placeOf(0), { entries: [], top: placeOf(0, 'f'), gap: 'reset' });
  expect(takeAll('one')).toEqual(['GAP reset']);
});

test('LIVE is not said at the end of a ring that is known to have a hole after it', () => {
  const { follow, takeAll, read, step } = startLive();
  step({ type: 'entry', entry: entryOf(2) });
  follow('two', placeOf(0));
  expect(takeAll('two')).toEqual([]);
  read('ring', placeOf(0), { entries: [entryOf(1), entryOf(2)], top: placeOf(2) });
  expect(takeAll('two')).toEqual(['key 1', 'key 2', 'LIVE']);
});

test('who asks for the start after a reading was asked for gets a reading of its own', () => {
  const { follow, step, takeAll, read, reads } = startMachine(RUN);
  follow('one', 'start');
  step({ type: 'attached' });
  takeAll('one');
  follow('two', 'start');
  takeAll('two');
  read('stretch', 'start', { entries: [], top: placeOf(5), gap: 'trimmed' });
  expect(takeAll('one')[0]).toBe('GAP trimmed');
  expect(takeAll('two')).toEqual([]);
  expect(reads).toEqual(['stretch start', 'stretch start']);
  // The run was begun anew meanwhile: for who came late it is whole.
  const run = { ...entryOf(1, 'f'), at: placeOf(1, 'f') };
  read('stretch', 'start', { entries: [run], top: placeOf(1, 'f') });
  expect(takeAll('two')[0]).toBe('key 1');
});

test('what came live beyond 1,024 entries while the ring was mended is read again', async () => {
  const { follow, broker } = startRelay({}, createFaultyBroker({ messages: { maxEntries: 5_000 } }));
  const reader = follow(LOG, 'start');
  await live(reader);
  let late: () => void = () => {};
  const { read } = broker;
  broker.read = async (...args) => {
    const reading = await read(...args);
    await new Promise<void>((resolve) => {
      late = resolve;
    });
    return reading;
  };
  broker.isDeaf = true;
  await append(broker, LOG, 1);
  broker.isDeaf = false;
  const { readCount } = broker;
  await append(broker, LOG, 1, 2); // after a hole
  await until(() => broker.readCount > readCount, 'the ring to be mended');
  for (let i = 0; i < 5; i++) await nextTurn(); // the reading is made, and on its way
  await append(broker, LOG, 1_500, 3);
  broker.read = read;
  late();
  await until(() => reader.told.length === 1_503, 'the last');
  expect(reader.told).toEqual(['LIVE', ...keys(1, 1_502)]);
});

test('a place without a tag is not looked for in a ring that is being mended, which may be another branch of the log', () => {
  const { step, follow, read, takeAll } = startMachine();
  step({ type: 'attached' });
  follow('first', placeOf(2));
  read('stretch', placeOf(2), { entries: [entryOf(3), entryOf(4), entryOf(5)], top: placeOf(5) });
  takeAll('first');
  // Rolled back to 2 and filled anew, as the gateway hears: another entry is at 5, and what came before the 6th is unknown.
  const sixth: Entry = { ...entryOf(6), key: 'new 6', at: 'e:6:00000006' as Position, previous: null };
  step({ type: 'entry', entry: sixth });
  follow('second', placeOf(1));
  takeAll('second');
  read('stretch', placeOf(1), { entries: [sixth], top: sixth.at, gap: 'trimmed' });
  expect(takeAll('second')).toEqual(['GAP trimmed', 'new 6']);
});

test.each([
  ['with the ring at that end', true],
  ['without a ring', false],
])('a place beyond the end of its log, at which nothing is missed, is that end: %s', (_, hasRing) => {
  const { step, follow, read, takeAll, reads } = startMachine();
  step({ type: 'attached' });
  if (hasRing) {
    follow('first', placeOf(1));
    read('stretch', placeOf(1), { entries: [entryOf(2)], top: placeOf(2) });
    takeAll('first');
  }
  // Named by a broker that knew nothing of the log, but that nothing of it came after.
  const beyond = formatPosition({ epoch: 'e', offset: 5, tag: '' });
  follow('second', beyond);
  takeAll('second');
  reads.length = 0;
  read('stretch', beyond, { entries: [], top: placeOf(2) });
  expect([takeAll('second'), reads]).toEqual([['LIVE'], []]);
  step({ type: 'entry', entry: { ...entryOf(6), previous: { offset: 2, tag: tagOf('key 2') } } });
  expect(takeAll('second')).toEqual(['key 6']);
});
