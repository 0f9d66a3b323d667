import { type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { findVisitor } from '../../examples/observatory/back/visitor.ts';
import { createFollower } from '../../src/broker/conformance/follower.ts';
import { entryOf, keysOf } from '../../src/broker/conformance/world.ts';
import { openRabbitmqBroker, PATIENCE_MS, say, TIMEOUT_MS } from '../broker/rabbitmq/open-rabbitmq-broker.ts';
import { findHealth, runProgram, startGatewayProgram, startProgram } from '../cli/program.ts';
import { startObservatory } from '../support/observatory.ts';
import { type RabbitmqServer, startRabbitmqServer } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';

/** Longest time for a server to be started again, and to take what was said to it meanwhile. */
const RESTART_MS = 90_000;

let server: RabbitmqServer;

beforeAll(async () => {
  server = await startRabbitmqServer();
}, TIMEOUT_MS);

afterAll(() => server?.remove());

test(
  'a result of the example, on RabbitMQ, reaches a screen at a gateway that runs apart',
  async () => {
    const desk = await startObservatory({ FLOW_BROKER: server.url });
    const gateway = await startGatewayProgram(['--development', '--broker', server.url]);
    const [cookie = ''] = (await fetch(desk.url)).headers.getSetCookie();
    const user = findVisitor(cookie) ?? '';
    const screen = startProgram(['watch', user, '--gateway', gateway.url, '--development']);
    await until(() => screen.stderr.includes('live\n'), 'the screen to be live', PATIENCE_MS);
    const answer = await fetch(`${desk.url}/light-curves/samples/sunspots`, { method: 'POST', headers: { cookie } });
    expect(answer.status).toBe(202);
    await until(() => screen.stdout.includes('run/ended'), `the result; it saw:\n${screen.stdout}`, PATIENCE_MS);
    const lines = screen.stdout.split('\n').map((line) => line.split('  '));
    const places = lines.filter(([, log]) => log === userLog(user)).map(([, , place]) => place);
    expect(places.length).toBeGreaterThan(1);
    expect(new Set(places).size).toBe(places.length);
    await until(() => findHealth(gateway.url), 'the gateway to be well', PATIENCE_MS);
    expect(await desk.stop()).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  'message-flow check says that RabbitMQ works, or why not, and shows no password',
  async () => {
    const check = async (password: string) => {
      const { stdout } = await runProgram(['check', '--broker', `amqp://guest:${password}@127.0.0.1:${server.port}`]);
      return stdout.split('\n').find((line) => line.startsWith('broker'));
    };
    const [right, wrong] = [await check('guest'), await check('hunter3')];
    expect(right).toMatch(/^broker +ok +amqp:\/\/…@127\.0\.0\.1:\d+$/);
    expect(wrong).toMatch(/^broker +failed .*it refuses these credentials/);
    expect(`${right}${wrong}`).not.toContain('hunter');
  },
  TIMEOUT_MS,
);

test(
  'a server that is killed while entries are appended keeps all that it acknowledged, and who follows has them once',
  async () => {
    const log = userLog('killed');
    const broker = openRabbitmqBroker(server.url, { callTimeoutMs: RESTART_MS });
    const follower = await createFollower(broker, log, (await broker.tops([log])).get(log) as Position, RESTART_MS);
    onTestFinished(follower.stop);
    const acknowledged = new Map<string, Position | null>();
    let isEnough = false;
    const appending = [0, 1, 2, 3].map(async (speaker) => {
      for (let i = 0; !isEnough; i++) {
        const key = `${speaker} ${i}`;
        acknowledged.set(key, await broker.append(log, entryOf(key)));
      }
    });
    await until(() => acknowledged.size > 100, 'entries', PATIENCE_MS);
    const before = acknowledged.size;
    await server.stop('SIGKILL');
    await server.start();
    await until(() => acknowledged.size > before + 100, 'more entries', PATIENCE_MS);
    isEnough = true;
    await Promise.all(appending);
    const later = openRabbitmqBroker(server.url);
    const { entries } = await later.read(log, 'start', 1_000);
    const places = new Map(entries.map(({ key, at }) => [key, at]));
    const kept = [...acknowledged].slice(-1_000);
    expect(kept.filter(([key, at]) => places.get(key) !== at)).toEqual([]);
    await follower.has(acknowledged.size);
    expect(follower.gaps).toEqual([]);
    expect(new Set(keysOf(follower.entries)).size).toBe(follower.entries.length);
  },
  2 * TIMEOUT_MS,
);

test(
  'over a clean restart places stay whole; when an older copy of the data is put back, all who were beyond it are told',
  async () => {
    const [log, quiet] = [userLog('restarted'), userLog('quiet')];
    const broker = openRabbitmqBroker(server.url, { callTimeoutMs: RESTART_MS });
    const follow = async (name: typeof log, after: Position) => {
      const follower = await createFollower(broker, name, after, RESTART_MS);
      onTestFinished(follower.stop);
      return follower;
    };
    const [silence = ''] = await say(broker, quiet, 'q');
    const [first = ''] = await say(broker, log, 'a');
    const [beyond, still] = [await follow(log, first as Position), await follow(quiet, silence as Position)];
    await server.stop('SIGTERM');
    const putBack = await server.copyData();
    await server.start();
    const [, last = ''] = await say(broker, log, 'b', 'c');
    await beyond.has(2);
    expect([keysOf(beyond.entries), beyond.gaps, still.gaps]).toEqual([['b', 'c'], [], []]);
    await server.stop('SIGKILL');
    await putBack();
    await server.start();
    await until(() => beyond.gaps.length > 0, 'the gap', PATIENCE_MS);
    await say(broker, log, 'd', 'e', 'f');
    await beyond.has(5);
    expect([keysOf(beyond.entries).slice(2), beyond.gaps, still.gaps]).toEqual([['d', 'e', 'f'], ['reset'], []]);
    expect((await broker.read(log, last as Position, 10)).gap).toBe('reset');
    expect(keysOf((await broker.read(log, first as Position, 10)).entries)).toEqual(['d', 'e', 'f']);
  },
  2 * TIMEOUT_MS,
);
