import { joinLogName, type LogName, type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alter, countKeys, entryOf, keysOf, partsOf } from '../../../src/broker/conformance/world.ts';
import { type NatsOperator, type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { ageOut } from './nats-harness.ts';
import { openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

let server: NatsServer;
let operator: NatsOperator;
let count = 0;

beforeAll(async () => {
  server = await startNatsServer();
  operator = await openNatsOperator(server.url);
}, TIMEOUT_MS);

afterAll(async () => {
  await operator?.close();
  await server?.remove();
});

/** A broker with streams of its own, that nobody used before. */
function openAlone(options: Parameters<typeof openNatsBroker>[1] = {}) {
  const prefix = `quirk-${++count}`;
  const url = `${server.url}?prefix=${prefix}`;
  const broker = openNatsBroker(url, options);
  const say = async (log: LogName, ...keys: string[]) => {
    const places: Position[] = [];
    for (const key of keys) places.push((await broker.append(log, entryOf(key))) as Position);
    return places;
  };
  return { broker, prefix, url, say };
}

const [ada, grace] = [userLog('ada'), userLog('grace')];

test('offsets are the numbers of the stream: those of a log have holes where other logs lie', async () => {
  const { say } = openAlone();
  const places = [await say(ada, 'a'), await say(grace, 'a'), await say(ada, 'b')].flat();
  expect(places.map((at) => partsOf(at).offset)).toEqual([1, 2, 3]);
});

test('the first message after all others went says that it follows none: `previous` is unknown', async () => {
  const { broker, prefix, say } = openAlone();
  const heard: unknown[] = [];
  await broker.tail(ada, ({ key, previous }) => heard.push([key, previous]));
  await say(ada, 'a', 'b');
  await ageOut(operator, prefix, 'messages');
  await say(ada, 'c', 'd');
  await until(() => heard.length === 4, 'four entries', PATIENCE_MS);
  expect(heard).toEqual([
    ['a', null],
    ['b', { offset: 1 }],
    ['c', null],
    ['d', { offset: 3 }],
  ]);
});

test('what is trimmed by count is told, though the stream still holds older messages', async () => {
  const { broker, say } = openAlone({ messages: { maxEntries: 5 } });
  await say(grace, 'older than all');
  const empty = (await broker.tops([ada])).get(ada) as Position;
  const [first] = await say(ada, ...countKeys(8));
  for (const after of [empty, first as Position]) {
    const { gap, entries } = await broker.read(ada, after, 100);
    expect([gap, keysOf(entries)]).toEqual(['trimmed', countKeys(8).slice(3)]);
  }
});

test('the position of an empty log is whole while fewer came than the bound, trimmed once as many did', async () => {
  const { broker, say } = openAlone({ messages: { maxEntries: 5 } });
  await say(grace, 'older than all');
  const empty = (await broker.tops([ada])).get(ada) as Position;
  await say(grace, 'between');
  await say(ada, ...countKeys(4));
  for (const limit of [2, 100]) {
    const { gap, entries } = await broker.read(ada, empty, limit);
    expect([gap, keysOf(entries)]).toEqual([undefined, countKeys(4).slice(0, limit)]);
  }
  await say(ada, 'key 5');
  for (const limit of [2, 100]) expect((await broker.read(ada, empty, limit)).gap).toBe('trimmed');
});

test('a bound that was raised does not hide what went under the lower one', async () => {
  const { broker, say, url } = openAlone({ messages: { maxEntries: 5 } });
  await say(grace, 'older than all');
  const empty = (await broker.tops([ada])).get(ada) as Position;
  await say(grace, 'between');
  await say(ada, ...countKeys(8));
  const raised = openNatsBroker(url, { messages: { maxEntries: 50 } });
  for (const key of countKeys(12).slice(8)) await raised.append(ada, entryOf(key));
  const { gap, entries } = await raised.read(ada, empty, 100);
  expect([gap, entries.length]).toEqual(['trimmed', 9]);
});

test('a bound that the operator lowered is seen at once', async () => {
  const { broker, prefix, say } = openAlone();
  await say(grace, 'older than all');
  const empty = (await broker.tops([ada])).get(ada) as Position;
  await say(grace, 'between');
  await say(ada, ...countKeys(8));
  const { config } = await operator.call(`STREAM.INFO.${prefix}-messages`);
  await operator.call(`STREAM.UPDATE.${prefix}-messages`, { ...(config as object), max_msgs_per_subject: 5 });
  await say(ada, 'key 9');
  const { gap, entries } = await broker.read(ada, empty, 100);
  expect([gap, entries.length]).toEqual(['trimmed', 5]);
});

test('an entry that is claimed where nothing lies any more is a reset, while an older one of its log is kept', async () => {
  const { broker, say } = openAlone({ messages: { maxEntries: 5 } });
  const [older] = await say(ada, 'older');
  const [gone] = await say(grace, ...countKeys(7));
  await say(ada, 'later');
  const claimed = alter(gone as Position, { tag: '0badf00d' });
  expect((await broker.read(ada, claimed, 10)).gap).toBe('reset');
  expect(keysOf((await broker.read(ada, alter(gone as Position, { tag: '' }), 10)).entries)).toEqual(['later']);
  expect(keysOf((await broker.read(ada, older as Position, 10)).entries)).toEqual(['later']);
});

test('a quiet position is whole while the stream holds what came after it, then trimmed', async () => {
  const { broker, prefix, say } = openAlone();
  const [at] = await say(ada, 'a');
  await ageOut(operator, prefix, 'messages');
  expect(await broker.read(ada, at as Position, 10)).toEqual({ entries: [], top: at });
  await say(grace, 'after it');
  expect(await broker.read(ada, at as Position, 10)).toEqual({ entries: [], top: at });
  await ageOut(operator, prefix, 'messages');
  expect((await broker.read(ada, at as Position, 10)).gap).toBe('trimmed');
});

test('a run is whole from its start, though the same first entry is said twice and by two processes', async () => {
  const { broker, url, say } = openAlone();
  const run = joinLogName('run', ['ada', 'task', '1']);
  const other = openNatsBroker(url);
  await Promise.all([say(run, 'queued'), other.append(run, entryOf('queued'))]);
  await other.append(run, entryOf('chunk'));
  await say(run, 'queued', 'done');
  const { gap, entries } = await broker.read(run, 'start', 10);
  expect([gap, keysOf(entries)]).toEqual([undefined, ['queued', 'chunk', 'done']]);
});

test('a run whose entries all went is trimmed from its start, and after it began again too', async () => {
  const { broker, prefix, say } = openAlone();
  const run = joinLogName('run', ['ada', 'task', '1']);
  await say(run, 'queued', 'done');
  await ageOut(operator, prefix, 'runs');
  expect(await broker.read(run, 'start', 10)).toMatchObject({ gap: 'trimmed', entries: [] });
  await say(run, 'queued again');
  const { gap, entries } = await broker.read(run, 'start', 10);
  expect([gap, keysOf(entries)]).toEqual(['trimmed', ['queued again']]);
});

test('many entries are read by a consumer, which is gone afterwards', async () => {
  const { broker, prefix, say } = openAlone();
  const keys = countKeys(300);
  await Promise.all(keys.map((key) => say(ada, key)));
  const { entries } = await broker.read(ada, 'start', 250);
  expect([entries.length, new Set(keysOf(entries)).size]).toEqual([250, 250]);
  const rest = await broker.read(ada, entries.at(-1)?.at as Position, 250);
  expect([rest.gap, rest.entries.length]).toEqual([undefined, 50]);
  const countConsumers = async () =>
    ((await operator.call(`STREAM.INFO.${prefix}-messages`)) as { state: { consumer_count: number } }).state
      .consumer_count;
  await until(async () => (await countConsumers()) === 0, 'the consumers to be removed', PATIENCE_MS);
});

test(
  'a read that entries go from under has no hole',
  async () => {
    const { broker, say } = openAlone({ messages: { maxEntries: 500 } });
    await Promise.all(countKeys(500).map((key) => say(ada, key)));
    let isOver = false;
    const appending = (async () => {
      for (let i = 0; !isOver; i++) await say(ada, `later ${i}`, `and ${i}`);
    })();
    try {
      for (let i = 0; i < 30; i++) {
        const { entries, top } = await broker.read(ada, 'start', 50);
        const offsets = entries.map(({ at }) => partsOf(at).offset);
        // This log is alone in its stream, so its numbers have no holes.
        expect(offsets).toEqual(offsets.map((_, j) => (offsets[0] ?? 0) + j));
        expect(entries.length === 50 || entries.at(-1)?.at === top).toBe(true);
      }
    } finally {
      isOver = true;
      await appending;
    }
  },
  TIMEOUT_MS,
);

test(
  'an age that is shorter than the key window is taken, and shortens it',
  async () => {
    const { url, say } = openAlone({ runs: { maxAgeMs: 1_000 } });
    const run = joinLogName('run', ['ada', 'task', '1']);
    await say(run, 'a');
    const changed = openNatsBroker(url, { runs: { maxAgeMs: 2_000 } });
    expect(await changed.append(run, entryOf('b'))).not.toBeNull();
    const endless = openNatsBroker(url, { runs: { maxAgeMs: Number.POSITIVE_INFINITY } });
    expect(await endless.append(run, entryOf('c'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test('what something else wrote into a log is passed over, read or heard', async () => {
  const { broker, prefix, say } = openAlone();
  const heard: string[] = [];
  await broker.tail(ada, ({ key }) => heard.push(key));
  await say(ada, 'a');
  const { config } = (await operator.call(`STREAM.INFO.${prefix}-messages`)) as { config: { subjects: string[] } };
  const subject = (config.subjects[0] as string).replace('>', 'user.ada');
  for (const text of ['', 'x', '\n', '{}\n1', '[1,2]\n3', '["a"]\n1', '["a","b","c"]\n1']) {
    await operator.connection.request(subject, text);
  }
  await say(ada, 'b');
  await until(() => heard.includes('b'), 'the entry', PATIENCE_MS);
  expect(heard).toEqual(['a', 'b']);
  const { entries, gap } = await broker.read(ada, 'start', 2);
  expect([gap, keysOf(entries)]).toEqual([undefined, ['a', 'b']]);
});

test('retention that is not said stays as it is; what is said outright changes the stream', async () => {
  const { broker, prefix, url, say } = openAlone({ messages: { maxEntries: 7 }, runs: { maxAgeMs: 3_600_000 } });
  await say(ada, 'a');
  const limits = async (kind: string) => {
    const { config } = (await operator.call(`STREAM.INFO.${prefix}-${kind}`)) as {
      config: { max_msgs_per_subject: number; max_age: number };
    };
    return [config.max_msgs_per_subject, config.max_age / 3_600e9];
  };
  expect([await limits('messages'), await limits('runs'), await limits('control')]).toEqual([
    [7, 720],
    [-1, 1],
    [-1, 25],
  ]);
  await broker.close();
  const silent = openNatsBroker(url);
  await silent.append(ada, entryOf('b'));
  expect(await limits('messages')).toEqual([7, 720]);
  const outright = openNatsBroker(url, { messages: { maxEntries: 9 } });
  await outright.append(ada, entryOf('c'));
  expect([await limits('messages'), await limits('runs')]).toEqual([
    [9, 720],
    [-1, 1],
  ]);
});

test('a stream of another kind that has our name is refused, saying what is wanted', async () => {
  await operator.call('STREAM.CREATE.taken-messages', {
    name: 'taken-messages',
    subjects: ['taken.x'],
    storage: 'memory',
  });
  const broker = openNatsBroker(`${server.url}?prefix=taken`, { callTimeoutMs: 500 });
  await expect(broker.append(ada, entryOf('a'))).rejects.toThrow('it must take one subject');
  expect(await broker.health()).toMatchObject({ ok: false, reason: expect.stringContaining('taken-messages') });
});
