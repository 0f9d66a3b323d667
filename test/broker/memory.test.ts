import { type BrokerError, createMemoryBroker, type Entry, type MemoryBrokerOptions } from 'message-flow/broker';
import { conformance } from 'message-flow/broker/conformance';
import {
  CONTROL,
  type EncodedJson,
  EVERYONE,
  findPositionParts,
  joinLogName,
  type LogName,
  type Position,
  userLog,
} from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createMemoryHarness } from './memory-harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ADA = userLog('ada');
const RUN = joinLogName('run', ['ada', 'transcribe', 'first']);

describe('a memory broker conforms', () => {
  const { createBroker, faults } = createMemoryHarness();
  for (const { name, run } of conformance(createBroker, faults, { patienceMs: 20_000 })) test(name, run);
});

describe('a memory broker keeps', () => {
  test('1,000 messages of a log', async () => {
    const { keysOf, say } = createTimedBroker();
    for (let i = 1; i <= 1_001; i++) await say(ADA, `${i}`);
    const keys = await keysOf(ADA);
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([1_000, '2', '1001']);
  });

  test('a message for an hour', async () => {
    const { keysOf, say, clock } = createTimedBroker();
    await say(ADA, 'a');
    clock.now += HOUR_MS - 1;
    await say(ADA, 'b');
    expect(await keysOf(ADA)).toEqual(['a', 'b']);
    clock.now += 1;
    expect(await keysOf(ADA)).toEqual(['b']);
  });

  test('a run for a day and a revocation for 25 hours', async () => {
    const { broker, keysOf, say, clock } = createTimedBroker();
    await say(RUN, 'a');
    await say(CONTROL, 'a');
    clock.now += DAY_MS - 1;
    expect(await keysOf(RUN)).toEqual(['a']);
    clock.now += 1;
    expect(await broker.read(RUN, 'start', 10)).toMatchObject({ entries: [], gap: 'trimmed' });
    expect(await keysOf(CONTROL)).toEqual(['a']);
    clock.now += HOUR_MS;
    expect(await keysOf(CONTROL)).toEqual([]);
  });

  test('8 MiB of a run, and more than 1,000 entries of it', async () => {
    const { broker, say } = createTimedBroker();
    for (let i = 0; i < 1_500; i++) await say(RUN, `${i}`);
    expect((await broker.read(RUN, 'start', 10_000)).entries.length).toBe(1_500);
    const mebibyte = `"${'x'.repeat(1_048_574)}"`;
    for (let i = 0; i < 9; i++) await say(RUN, `large ${i}`, mebibyte);
    const { entries, gap } = await broker.read(RUN, 'start', 10_000);
    expect([entries.map(({ key }) => key), gap]).toEqual([
      Array.from({ length: 8 }, (_, i) => `large ${i + 1}`),
      'trimmed',
    ]);
  });

  test('bytes and not characters of data', async () => {
    const { keysOf, say } = createTimedBroker({ messages: { maxBytes: 10 } });
    await say(ADA, 'a', '"éé"');
    await say(ADA, 'b', '"éé"');
    expect(await keysOf(ADA)).toEqual(['b']);
  });

  test('the newest entry, however large', async () => {
    const { keysOf, say } = createTimedBroker({ messages: { maxBytes: 10 } });
    await say(ADA, 'a', `"${'x'.repeat(100)}"`);
    expect(await keysOf(ADA)).toEqual(['a']);
  });

  test.each([
    { messages: { maxEntries: 0 } },
    { messages: { maxBytes: -1 } },
    { messages: { maxAgeMs: Number.NaN } },
    { runs: { maxBytes: 0 } },
  ])('nothing at all, if asked to, is refused: %j', (retention) => {
    expect(() => createMemoryBroker(retention)).toThrow(RangeError);
  });
});

describe('a memory broker', () => {
  test('remembers a key for its window, and no longer', async () => {
    const { keysOf, say, clock } = createTimedBroker({ keyWindowMs: 1_000 });
    const first = await say(ADA, 'a');
    clock.now += 999;
    expect(await say(ADA, 'a')).toBe(first);
    clock.now += 1;
    expect(await say(ADA, 'a')).not.toBe(first);
    expect(await keysOf(ADA)).toEqual(['a', 'a']);
  });

  test('remembers a key whose entry is gone', async () => {
    const { keysOf, say } = createTimedBroker({ messages: { maxEntries: 1 } });
    const first = await say(ADA, 'a');
    await say(ADA, 'b');
    expect(await say(ADA, 'a')).toBe(first);
    expect(await keysOf(ADA)).toEqual(['b']);
  });

  test('remembers 100,000 keys of a log at most', async () => {
    const { say } = createTimedBroker();
    const first = await say(ADA, '0');
    for (let i = 1; i < 100_000; i++) await say(ADA, `${i}`);
    expect(await say(ADA, '0')).toBe(first);
    await say(ADA, '100000');
    expect(await say(ADA, '0')).not.toBe(first);
  });

  test('tells a follower of the last that went from one that holds another entry there', async () => {
    const { broker, say, clock } = createTimedBroker();
    const last = (await say(ADA, 'a')) as Position;
    clock.now += HOUR_MS;
    await say(ADA, 'b');
    expect((await broker.read(ADA, last, 10)).gap).toBeUndefined();
    const rolledBack = last.replace(/:[0-9a-f]+$/, ':0badf00d') as Position;
    expect((await broker.read(ADA, rolledBack, 10)).gap).toBe('reset');
  });

  test('that is made anew counts in another epoch', async () => {
    const [before, after] = [createTimedBroker(), createTimedBroker()];
    const at = (await before.say(ADA, 'a')) as Position;
    await after.say(ADA, 'a');
    expect(after.broker.epoch).not.toBe(before.broker.epoch);
    expect(await after.broker.read(ADA, at, 10)).toMatchObject({ entries: [], gap: 'reset' });
  });

  test('makes epochs that positions can hold', () => {
    for (let i = 0; i < 1_000; i++) {
      const { epoch } = createTimedBroker().broker;
      expect(findPositionParts(`${epoch}:9007199254740991:0badf00d`)?.epoch).toBe(epoch);
    }
  });

  test('delivers in the turn of the append', async () => {
    const { broker } = createTimedBroker();
    const heard: Entry[] = [];
    await broker.tail(ADA, (entry) => void heard.push(entry));
    const appending = broker.append(ADA, { key: 'a', event: 'said', data: '1' as EncodedJson });
    expect(heard.length).toBe(1);
    await appending;
  });

  test('rejects with a BrokerError once it is closed, and is healthy no more', async () => {
    const { broker, say } = createTimedBroker();
    await broker.close();
    await expect(say(ADA, 'a')).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'closed',
    } satisfies Partial<BrokerError>);
    expect(await broker.health()).toMatchObject({ ok: false, reason: 'closed' });
  });
});

describe('the sweep of a memory broker', () => {
  test('forgets a log that was quiet for 30 days, whose next entry takes no offset twice', async () => {
    const { broker, say, clock, sweep } = createTimedBroker();
    for (const key of ['a', 'b', 'c']) await say(ADA, key);
    const last = (await say(ADA, 'd')) as Position;
    await say(EVERYONE, 'a');
    clock.now += 31 * DAY_MS;
    sweep();
    const at = await say(ADA, 'e');
    expect(offsetOf(at)).toBeGreaterThan(offsetOf(last));
    expect((await broker.read(ADA, last, 10)).gap).toBe('reset');
    // Another log, that was never used, begins after every offset that was.
    expect(offsetOf(await say(userLog('grace'), 'a'))).toBeGreaterThan(offsetOf(last));
  });

  test('remembers the end of a log that was quiet for a day less', async () => {
    const { broker, say, clock, sweep } = createTimedBroker();
    const last = (await say(ADA, 'a')) as Position;
    clock.now += 29 * DAY_MS;
    sweep();
    expect(await broker.read(ADA, last, 10)).toEqual({ entries: [], top: last });
  });

  test('forgets no log that is followed', async () => {
    const { broker, say, clock, sweep } = createTimedBroker();
    const last = (await say(ADA, 'a')) as Position;
    const heard: string[] = [];
    await broker.tail(ADA, ({ key }) => void heard.push(key));
    clock.now += 31 * DAY_MS;
    sweep();
    expect(await broker.read(ADA, last, 10)).toEqual({ entries: [], top: last });
    await say(ADA, 'b');
    expect(heard).toEqual(['b']);
  });

  test('has nothing to do with a log that was followed and never used: it goes with its last tail', async () => {
    const { broker, say, clock, sweep } = createTimedBroker();
    const grace = userLog('grace');
    const offsetOfEnd = async () => offsetOf((await broker.tops([grace])).get(grace) as Position);
    await say(ADA, 'a');
    const stops = [await broker.tail(grace, () => {}), await broker.tail(grace, () => {})];
    clock.now += 31 * DAY_MS;
    sweep(); // forgets ADA: what does not exist ends where all that is new begins
    for (const stop of stops) {
      expect(await offsetOfEnd()).toBe(0);
      stop();
    }
    expect(await offsetOfEnd()).toBe(1);
  });

  test('keeps a log that was used when its last tail ends', async () => {
    const { broker, keysOf, say } = createTimedBroker();
    const stop = await broker.tail(ADA, () => {});
    await say(ADA, 'a');
    stop();
    expect(await keysOf(ADA)).toEqual(['a']);
  });

  test('begins a run anew that it forgot: its start is whole', async () => {
    const { keysOf, say, clock, sweep } = createTimedBroker();
    await say(RUN, 'a');
    clock.now += 31 * DAY_MS;
    sweep();
    await say(RUN, 'b');
    expect(await keysOf(RUN)).toEqual(['b']);
  });

  test('comes again every minute and stops when the broker is closed', async () => {
    const { broker, timers, sweep } = createTimedBroker();
    expect(timers.map(({ ms }) => ms)).toEqual([60_000]);
    sweep();
    sweep();
    expect(timers.length).toBe(1);
    await broker.close();
    expect(timers.length).toBe(0);
  });
});

/** A memory broker whose clock and timer are the test's. */
function createTimedBroker(options: MemoryBrokerOptions = {}) {
  const clock = { now: 1_800_000_000_000 };
  const timers: { readonly ms: number; readonly callback: () => void }[] = [];
  const broker = createMemoryBroker({
    ...options,
    wallClock: () => clock.now,
    after(ms, callback) {
      const timer = { ms, callback };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
  });
  return {
    broker,
    clock,
    timers,
    /** Lets the timer that is next ring. */
    sweep: () => timers.shift()?.callback(),
    say: (log: LogName, key: string, data = '1') =>
      broker.append(log, { key, event: 'said', data: data as EncodedJson }),
    /** The keys that are kept, from a start that must be whole. */
    async keysOf(log: LogName): Promise<string[]> {
      const { entries, gap } = await broker.read(log, 'start', 10_000);
      expect(gap).toBeUndefined();
      return entries.map(({ key }) => key);
    },
  };
}

function offsetOf(at: Position | null): number {
  return findPositionParts(at ?? '')?.offset ?? Number.NaN;
}
