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
function startLive(top: Position = placeOf(0)) {
  const machine = startMachine();
  machine.follow('one', 'start');
  machine.step({ type: 'attached' });
  machine.takeAll('one');
  machine.read('stretch', 'start', { entries: [], top });
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

test('what a broker failed to give is asked for again once it says where the log ends, and not before', () => {
  const { follow, step, takeAll, read, reads } = startLive();
  step({ type: 'entry', entry: entryOf(2) });
  follow('two', placeOf(5));
  takeAll('two');
  expect(reads.splice(0)).toEqual([`ring ${placeOf(0)}`, `stretch ${placeOf(5)}`]);
  step({ type: 'read-failed', purpose: 'ring' });
  step({ type: 'read-failed', purpose: 'stretch' });
  step({ type: 'wake' });
  expect(reads).toEqual([]);
  step({ type: 'top', top: placeOf(2) });
  expect(reads).toEqual([`ring ${placeOf(0)}`, `stretch ${placeOf(5)}`]);
  read('ring', placeOf(0), { entries: [entryOf(1), entryOf(2)], top: placeOf(2) });
  expect(takeAll('one')).toEqual(['key 1', 'key 2']);
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

test('who is told of a rollback is not sent on in a stretch that was read before it', () => {
  const { step, follow, read, takeAll } = startMachine();
  follow('one', placeOf(0));
  step({ type: 'attached' });
  takeAll('one');
  read('stretch', placeOf(0), { entries: [1, 2, 3, 4].map((n) => entryOf(n)), top: placeOf(6) });
  expect(takeAll('one')).toEqual(['key 1', 'key 2', 'key 3', 'key 4']);
  // Rolled back to 2, as the ring is told later.
  read('stretch', placeOf(4), { entries: [], top: placeOf(2), gap: 'reset' });
  expect(takeAll('one')).toEqual(['GAP reset']);
});

test('followers of an empty log whose end moves with its stream are all live, wherever it was when they came', () => {
  const { follow, takeAll, read, reads } = startLive('e:5:' as Position);
  const told: string[][] = [];
  for (const at of ['e:7:', 'e:5:00000abc', 'e:3:', 'e:8:', 'e:2:00000abc'] as Position[]) {
    follow(at, at);
    const mine = takeAll(at);
    // A bound, as who is never told would ask for ever.
    for (let asked = reads.shift(), left = 5; asked !== undefined && left > 0; asked = reads.shift(), left--) {
      const [purpose, after] = asked.split(' ') as ['ring' | 'stretch', Position];
      read(purpose, after, { entries: [], top: 'e:9:' as Position });
      mine.push(...takeAll(at));
    }
    told.push(mine);
  }
  expect([told, reads]).toEqual([Array.from({ length: 5 }, () => ['LIVE']), []]);
});

test('an answer that an empty log is trimmed after one place says nothing of a later place', () => {
  const { step, follow, takeAll, read, reads } = startMachine();
  step({ type: 'attached' });
  for (const at of ['e:1:', 'e:6:'] as Position[]) {
    follow(at, at);
    takeAll(at);
  }
  const top = 'e:7:' as Position;
  read('stretch', 'e:1:' as Position, { entries: [], top, gap: 'trimmed' });
  expect([takeAll('e:1:'), takeAll('e:6:')]).toEqual([['GAP trimmed', 'LIVE'], []]);
  expect(reads).toEqual(['stretch e:1:', 'stretch e:6:']);
  read('stretch', 'e:6:' as Position, { entries: [], top });
  expect(takeAll('e:6:')).toEqual(['LIVE']);
});

test('who is live at a later place of an empty log is judged by that place when the log is read again', () => {
  const { step, follow, takeAll, read, reads } = startLive('e:2:' as Position);
  follow('two', 'e:4:' as Position);
  takeAll('two');
  read('stretch', 'e:4:' as Position, { entries: [], top: 'e:5:' as Position });
  takeAll('two');
  read('ring', 'e:2:' as Position, { entries: [], top: 'e:5:' as Position });
  expect(takeAll('two')).toEqual(['LIVE']);
  const top = 'e:9:' as Position;
  step({ type: 'top', top });
  read('ring', 'e:2:' as Position, { entries: [], top, gap: 'trimmed' });
  reads.length = 0;
  takeAll('two');
  expect(reads).toEqual(['stretch e:4:']);
  read('stretch', 'e:4:' as Position, { entries: [], top });
  expect(takeAll('two')).toEqual([]);
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
