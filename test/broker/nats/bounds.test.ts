import { joinLogName, type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alter, countKeys, entryOf, keysOf, partsOf } from '../../../src/broker/conformance/world.ts';
import { type NatsOperator, type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { ageOut } from './nats-harness.ts';
import { openLoneBroker, openNatsBroker, TIMEOUT_MS } from './open-nats-broker.ts';

let server: NatsServer;
let operator: NatsOperator;

beforeAll(async () => {
  server = await startNatsServer();
  operator = await openNatsOperator(server.url);
}, TIMEOUT_MS);

afterAll(async () => {
  await operator?.close();
  await server?.remove();
});

const [ada, grace] = [userLog('ada'), userLog('grace')];

test(
  'what is trimmed by count is told, though the stream still holds older messages',
  async () => {
    const { broker, say } = openLoneBroker(server, { messages: { maxEntries: 5 } });
    await say(grace, 'older than all');
    const empty = (await broker.tops([ada])).get(ada) as Position;
    const [first] = await say(ada, ...countKeys(8));
    for (const after of [empty, first as Position]) {
      const { gap, entries } = await broker.read(ada, after, 100);
      expect([gap, keysOf(entries)]).toEqual(['trimmed', countKeys(8).slice(3)]);
    }
  },
  TIMEOUT_MS,
);

test(
  'the position of an empty log is whole while fewer came than the bound, trimmed once as many did',
  async () => {
    const { broker, say } = openLoneBroker(server, { messages: { maxEntries: 5 } });
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
  },
  TIMEOUT_MS,
);

test(
  'a bound that was raised does not hide what went under the lower one',
  async () => {
    const { broker, say, url } = openLoneBroker(server, { messages: { maxEntries: 5 } });
    await say(grace, 'older than all');
    const empty = (await broker.tops([ada])).get(ada) as Position;
    await say(grace, 'between');
    await say(ada, ...countKeys(8));
    const raised = openNatsBroker(url, { messages: { maxEntries: 50 } });
    for (const key of countKeys(12).slice(8)) await raised.append(ada, entryOf(key));
    const { gap, entries } = await raised.read(ada, empty, 100);
    expect([gap, entries.length]).toEqual(['trimmed', 9]);
  },
  TIMEOUT_MS,
);

test(
  'a bound that the operator lowered is seen at once',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
    await say(grace, 'older than all');
    const empty = (await broker.tops([ada])).get(ada) as Position;
    await say(grace, 'between');
    await say(ada, ...countKeys(8));
    const { config } = await operator.call(`STREAM.INFO.${prefix}-messages`);
    await operator.call(`STREAM.UPDATE.${prefix}-messages`, { ...(config as object), max_msgs_per_subject: 5 });
    await say(ada, 'key 9');
    const { gap, entries } = await broker.read(ada, empty, 100);
    expect([gap, entries.length]).toEqual(['trimmed', 5]);
  },
  TIMEOUT_MS,
);

test(
  'an entry that is claimed where nothing lies any more is a reset, while an older one of its log is kept',
  async () => {
    const { broker, say } = openLoneBroker(server, { messages: { maxEntries: 5 } });
    const [older] = await say(ada, 'older');
    const [gone] = await say(grace, ...countKeys(7));
    await say(ada, 'later');
    const claimed = alter(gone as Position, { tag: '0badf00d' });
    expect((await broker.read(ada, claimed, 10)).gap).toBe('reset');
    expect(keysOf((await broker.read(ada, alter(gone as Position, { tag: '' }), 10)).entries)).toEqual(['later']);
    expect(keysOf((await broker.read(ada, older as Position, 10)).entries)).toEqual(['later']);
  },
  TIMEOUT_MS,
);

test(
  'a quiet position is whole while the stream holds what came after it, then trimmed',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
    const topOf = async () => (await broker.tops([ada])).get(ada);
    const [at] = await say(ada, 'a');
    await ageOut(operator, prefix, 'messages');
    expect(await broker.read(ada, at as Position, 10)).toEqual({ entries: [], top: await topOf() });
    await say(grace, 'after it');
    expect(await broker.read(ada, at as Position, 10)).toEqual({ entries: [], top: await topOf() });
    await ageOut(operator, prefix, 'messages');
    expect((await broker.read(ada, at as Position, 10)).gap).toBe('trimmed');
  },
  TIMEOUT_MS,
);

test(
  'a read that entries go from under has no hole',
  async () => {
    const { broker, say } = openLoneBroker(server, { messages: { maxEntries: 500 } });
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
    const { url, say } = openLoneBroker(server, { runs: { maxAgeMs: 1_000 } });
    const run = joinLogName('run', ['ada', 'task', '1']);
    await say(run, 'a');
    const changed = openNatsBroker(url, { runs: { maxAgeMs: 2_000 } });
    expect(await changed.append(run, entryOf('b'))).not.toBeNull();
    const endless = openNatsBroker(url, { runs: { maxAgeMs: Number.POSITIVE_INFINITY } });
    expect(await endless.append(run, entryOf('c'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'retention that is not said stays as it is; what is said outright changes the stream',
  async () => {
    const { broker, prefix, url, say } = openLoneBroker(server, {
      messages: { maxEntries: 7 },
      runs: { maxAgeMs: 3_600_000 },
    });
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
  },
  TIMEOUT_MS,
);
