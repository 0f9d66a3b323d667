import { joinLogName, type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countKeys, entryOf, keysOf, partsOf } from '../../../src/broker/conformance/world.ts';
import { type NatsOperator, type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { readFirstHealth } from '../first-health.ts';
import { ageOut } from './nats-harness.ts';
import { openLoneBroker, openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

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
  'offsets are the numbers of the stream: those of a log have holes where other logs lie',
  async () => {
    const { say } = openLoneBroker(server);
    const places = [await say(ada, 'a'), await say(grace, 'a'), await say(ada, 'b')].flat();
    expect(places.map((at) => partsOf(at).offset)).toEqual([1, 2, 3]);
  },
  TIMEOUT_MS,
);

test(
  'the first message after all others went says that it follows none: `previous` is unknown',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
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
  },
  TIMEOUT_MS,
);

test(
  'a run is whole from its start, though the same first entry is said twice and by two processes',
  async () => {
    const { broker, url, say } = openLoneBroker(server);
    const run = joinLogName('run', ['ada', 'task', '1']);
    const other = openNatsBroker(url);
    await Promise.all([say(run, 'queued'), other.append(run, entryOf('queued'))]);
    await other.append(run, entryOf('chunk'));
    await say(run, 'queued', 'done');
    const { gap, entries } = await broker.read(run, 'start', 10);
    expect([gap, keysOf(entries)]).toEqual([undefined, ['queued', 'chunk', 'done']]);
  },
  TIMEOUT_MS,
);

test(
  'a run whose entries all went is trimmed from its start, and after it began again too',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
    const run = joinLogName('run', ['ada', 'task', '1']);
    await say(run, 'queued', 'done');
    await ageOut(operator, prefix, 'runs');
    expect(await broker.read(run, 'start', 10)).toMatchObject({ gap: 'trimmed', entries: [] });
    await say(run, 'queued again');
    const { gap, entries } = await broker.read(run, 'start', 10);
    expect([gap, keysOf(entries)]).toEqual(['trimmed', ['queued again']]);
  },
  TIMEOUT_MS,
);

test(
  'many entries are read by a consumer, which is gone afterwards',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
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
  },
  TIMEOUT_MS,
);

test(
  'what something else wrote into a log is passed over, read or heard',
  async () => {
    const { broker, prefix, say } = openLoneBroker(server);
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
  },
  TIMEOUT_MS,
);

test(
  'a stream of another kind that has our name is refused, saying what is wanted',
  async () => {
    await operator.call('STREAM.CREATE.taken-messages', {
      name: 'taken-messages',
      subjects: ['taken.x'],
      storage: 'memory',
    });
    const broker = openNatsBroker(`${server.url}?prefix=taken`, { callTimeoutMs: 500 });
    expect(await readFirstHealth(broker)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('taken-messages'),
    });
    await expect(broker.append(ada, entryOf('a'))).rejects.toThrow('it must take one subject');
  },
  TIMEOUT_MS,
);
