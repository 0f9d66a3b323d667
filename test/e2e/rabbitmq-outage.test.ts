import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPositionParts, joinLogName, type Position, userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { createFollower } from '../../src/broker/conformance/follower.ts';
import { countKeys, entryOf, keysOf } from '../../src/broker/conformance/world.ts';
import {
  openLoneBroker,
  openRabbitmqBroker,
  PATIENCE_MS,
  say,
  TIMEOUT_MS,
} from '../broker/rabbitmq/open-rabbitmq-broker.ts';
import { createCertificate } from '../support/certificate.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { openFaultLine } from '../support/fault-line.ts';
import { findFreePorts } from '../support/free-ports.ts';
import { operate, type RabbitmqServer, startRabbitmqServer } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';

const log = userLog('ada');
let server: RabbitmqServer;
/** Where it speaks TLS, and whom it shows. */
let tlsPort: number;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-flow-rabbitmq-'));
  const { cert, key } = createCertificate(folder, 'server');
  [tlsPort = 0] = await findFreePorts(1);
  const files = [`ssl_options.cacertfile = ${cert}`, `ssl_options.certfile = ${cert}`, `ssl_options.keyfile = ${key}`];
  server = await startRabbitmqServer({ config: [`listeners.ssl.1 = 127.0.0.1:${tlsPort}`, ...files] });
}, TIMEOUT_MS);

afterAll(async () => {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a line to the server that ends with the test. */
async function openLine() {
  const line = await openFaultLine(server.port);
  onTestFinished(() => line.close());
  return { line, url: `amqp://127.0.0.1:${line.port}` };
}

test(
  'where no server is, calls reject with `unavailable`, and health says why and since when',
  async () => {
    const [port = 0] = await findFreePorts(1);
    let now = 1_000;
    const broker = openRabbitmqBroker(`amqp://127.0.0.1:${port}`, { callTimeoutMs: 200, wallClock: () => now });
    const answers = await Promise.allSettled([
      broker.append(log, entryOf('a')),
      broker.read(log, 'start', 1),
      broker.tops([log]),
      broker.tail(log, () => {}),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'BrokerError', code: 'unavailable' } });
    }
    expect(await broker.health()).toMatchObject({ since: 1_000, reason: expect.stringContaining('ECONNREFUSED') });
    now = 2_000;
    expect((await broker.health()).since).toBe(1_000);
    await broker.close();
    expect(await broker.health()).toMatchObject({ ok: false, reason: expect.stringContaining('closed') });
  },
  TIMEOUT_MS,
);

test(
  'who follows hears what came while the line was cut, and is told `interrupted`',
  async () => {
    const { line, url } = await openLine();
    const [follower, speaker] = [openRabbitmqBroker(url), openRabbitmqBroker(server.url)];
    const heard: string[] = [];
    const told: unknown[] = [];
    follower.on('interrupted', (logs) => told.push(logs));
    await follower.tail(log, ({ key }) => heard.push(key));
    line.cut();
    await say(speaker, log, 'one', 'two');
    await until(() => told.length === 1, 'the interruption', PATIENCE_MS);
    await say(follower, log, 'three');
    expect([heard, told]).toEqual([['one', 'two', 'three'], ['all']]);
  },
  TIMEOUT_MS,
);

test(
  'a line that carries nothing is given up, though nobody ended it',
  async () => {
    const { line, url } = await openLine();
    const broker = openRabbitmqBroker(url, { tailCheckMs: 3_000, callTimeoutMs: 100 });
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    const told: unknown[] = [];
    broker.on('interrupted', (logs) => told.push(logs));
    line.freeze();
    // Nothing is asked of it: its silence alone gives it away. What is seen of that is that other lines are opened.
    await until(() => line.count !== 2, 'other lines', PATIENCE_MS);
    line.thaw();
    await until(() => told.length > 0, 'the interruption', PATIENCE_MS);
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'a server that stands still is `unavailable` within seconds, costs so many messages and no more, and works when it goes on',
  async () => {
    const broker = openRabbitmqBroker(server.url, { callTimeoutMs: 1_000 });
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    server.freeze();
    onTestFinished(() => server.thaw());
    const settled = Promise.allSettled(countKeys(10_000).map((key) => broker.append(log, entryOf(key))));
    const error = await broker.append(log, entryOf('one more')).catch((fault: unknown) => fault);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('10000 messages of'),
    });
    expect((await broker.health()).ok).toBe(false);
    expect(new Set((await settled).map(({ status }) => status))).toEqual(new Set(['rejected']));
    server.thaw();
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    await until(() => broker.append(log, entryOf('again')).catch(() => undefined), 'an append', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'a server that is blocked by its memory takes nothing and says so; what is in memory is read, and it goes on by itself',
  async () => {
    const { broker, say: tell, url } = openLoneBroker(server, { callTimeoutMs: 2_000 });
    const [a] = await tell(log, 'a');
    await server.control('set_vm_memory_high_watermark', 'absolute', '1MB');
    onTestFailed(async () => void (await server.control('set_vm_memory_high_watermark', '0.6')));
    const hasty = openRabbitmqBroker(server.url, { callTimeoutMs: 1_000 });
    // It says so to who publishes, and until then there is no more than no answer.
    const isTold = async () => {
      const fault = await broker.append(log, entryOf('lost?')).catch((error: unknown) => error);
      expect(fault).toMatchObject({ code: 'unavailable' });
      return String(fault).includes('the server is blocked: low on memory');
    };
    await until(isTold, 'the word of the server', PATIENCE_MS);
    expect(await broker.health()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('blocked: low on memory'),
    });
    expect(await broker.read(log, a as Position, 10)).toMatchObject({ entries: [] });
    expect(keysOf((await broker.read(log, 'start', 10)).entries)).toEqual(['a']);
    // A place that may be stored, and was not read: neither a gap nor whole.
    const beyond = (a ?? '').replace(/:\d+:/, ':1000:') as Position;
    await expect(broker.read(log, beyond, 1)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(hasty.tops([log])).rejects.toMatchObject({ code: 'unavailable' });
    await server.control('set_vm_memory_high_watermark', '0.6');
    await until(async () => (await broker.health()).ok, 'health', PATIENCE_MS);
    await tell(log, 'b');
    expect(keysOf((await openRabbitmqBroker(url).read(log, a as Position, 10)).entries)).toContain('b');
  },
  TIMEOUT_MS,
);

test(
  'streams that are removed are made anew, and who followed is told `reset`',
  async () => {
    const { broker, prefix, say: tell } = openLoneBroker(server);
    const [before = ''] = await tell(log, 'a');
    const follower = await createFollower(broker, log, before as Position, PATIENCE_MS);
    onTestFinished(follower.stop);
    await operate(server.url, (channel) => channel.deleteQueue(`${prefix}-messages`));
    const [after = ''] = await tell(log, 'b');
    await until(() => follower.gaps.length > 0, 'the gap', PATIENCE_MS);
    expect(follower.gaps).toEqual(['reset']);
    expect(findPositionParts(after)?.epoch).not.toBe(findPositionParts(before)?.epoch);
    // Of those that stayed nothing changed.
    expect((await broker.read(joinLogName('run', ['a', 'b', 'c']), 'start', 1)).gap).toBeUndefined();
  },
  TIMEOUT_MS,
);

test(
  'a stream that is removed is made anew by a process that keeps logs for another time than who made the others',
  async () => {
    const { broker, prefix, url, say: tell } = openLoneBroker(server, { messages: { maxAgeMs: 24 * 3_600_000 } });
    await tell(log, 'a');
    await broker.close();
    await operate(server.url, (channel) => channel.deleteQueue(`${prefix}-runs`));
    const other = openRabbitmqBroker(url);
    await say(other, joinLogName('run', ['ada', 'task', '1']), 'queued');
    expect(keysOf((await other.read(log, 'start', 10)).entries)).toEqual(['a']);
  },
  TIMEOUT_MS,
);

test(
  'another process knows what was said before it began, and which keys',
  async () => {
    const { url, say: tell } = openLoneBroker(server);
    const places = await tell(log, 'a', 'b');
    const later = openRabbitmqBroker(url);
    expect(await later.append(log, entryOf('a'))).toBe(places[0]);
    expect(keysOf((await later.read(log, 'start', 10)).entries)).toEqual(['a', 'b']);
    expect((await later.tops([log])).get(log)).toBe(places[1]);
  },
  TIMEOUT_MS,
);

/** Makes streams that keep 200 kB, and a broker on them; `fill` lets go what was there. */
async function openShort(prefix: string) {
  await operate(server.url, async (channel) => {
    await channel.assertExchange(prefix, 'direct', { durable: true });
    for (const kind of ['messages', 'runs', 'control']) {
      const bounds = { 'x-max-length-bytes': 200_000, 'x-stream-max-segment-size-bytes': 50_000 };
      await channel.assertQueue(`${prefix}-${kind}`, { arguments: { 'x-queue-type': 'stream', ...bounds } });
      await channel.bindQueue(`${prefix}-${kind}`, prefix, kind);
    }
  });
  const url = `${server.url}?prefix=${prefix}`;
  const broker = openRabbitmqBroker(url);
  const data = JSON.stringify('x'.repeat(1_000));
  return {
    ...{ broker, url },
    async fill() {
      for (const key of countKeys(600)) await broker.append(log, entryOf(key, data));
    },
  };
}

test(
  'a stream that lost its beginning is the same stream: what went is trimmed, what is kept is whole',
  async () => {
    const { broker, url, fill } = await openShort('short');
    const begin = (await broker.tops([log])).get(log) as Position;
    await fill();
    const later = openRabbitmqBroker(url);
    const { entries, gap, top } = await later.read(log, begin, 1_000);
    expect([gap, entries.at(-1)?.key, top]).toEqual(['trimmed', 'key 600', (await broker.tops([log])).get(log)]);
    expect(entries.length).toBeLessThan(600);
    expect((await later.read(userLog('grace'), begin, 1)).gap).toBe('trimmed');
    expect((await later.read(log, entries[0]?.at as Position, 1_000)).entries.length).toBe(entries.length - 1);
    // What the first still has in memory is the same.
    expect((await broker.read(log, entries[0]?.at as Position, 1)).entries[0]?.at).toBe(entries[1]?.at);
  },
  TIMEOUT_MS,
);

test(
  'the end of a quiet log that a process names without knowing the log is whole where the log is known',
  async () => {
    const { broker, url, fill } = await openShort('shorter');
    const quiet = userLog('grace');
    const [end] = await say(broker, quiet, 'a');
    await fill();
    const named = (await openRabbitmqBroker(url).tops([quiet])).get(quiet) as Position;
    expect(named).toMatch(/:$/);
    expect(await broker.read(quiet, named, 1)).toEqual({ entries: [], top: end });
  },
  TIMEOUT_MS,
);

test(
  'who hears and throws ends no connection, and hides nothing from others',
  async () => {
    const { broker, say: tell } = openLoneBroker(server);
    const heard: string[] = [];
    const faults: unknown[] = [];
    const catchFault = (error: unknown) => faults.push(error);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', catchFault);
    onTestFinished(() => {
      process.removeListener('uncaughtException', catchFault);
      for (const other of others) process.on('uncaughtException', other);
    });
    await broker.tail(log, () => {
      throw new Error('of a follower');
    });
    await broker.tail(log, ({ key }) => heard.push(key));
    await tell(log, 'a', 'b');
    expect(heard).toEqual(['a', 'b']);
    await until(() => faults.length === 2, 'the faults');
  },
  TIMEOUT_MS,
);

test(
  'a broker that is closed leaves no timer and no connection',
  async () => {
    const { line, url } = await openLine();
    const clock = createFakeClock();
    const broker = openRabbitmqBroker(url, { clock });
    await broker.tail(log, () => {});
    await broker.append(log, entryOf('before the end'));
    expect([clock.timerCount, line.count]).toEqual([0, 2]);
    await broker.close();
    expect(clock.timerCount).toBe(0);
    await until(() => line.count === 0, 'its connections to be closed', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'amqps: is encrypted, where the authority is trusted',
  async () => {
    const broker = openRabbitmqBroker(`amqps://localhost:${tlsPort}?ca=${join(folder, 'server.pem')}`);
    const heard: string[] = [];
    await broker.tail(log, ({ key }) => heard.push(key));
    await say(broker, log, 'encrypted');
    expect(heard).toContain('encrypted');
  },
  TIMEOUT_MS,
);

test.each([
  ['whose certificate nobody vouches for', () => '', /SELF_SIGNED_CERT/],
  [
    'that another authority vouches for',
    () => `?ca=${createCertificate(folder, 'other').cert}`,
    /SELF_SIGNED_CERT|UNABLE_TO/,
  ],
])(
  'a server %s is refused',
  async (_, query, reason) => {
    const broker = openRabbitmqBroker(`amqps://localhost:${tlsPort}${query()}`, { callTimeoutMs: 500 });
    // Until the server has shown its certificate, there is no answer in time.
    const isRefused = async () => reason.test((await broker.health()).reason ?? '');
    await until(isRefused, 'the refusal', PATIENCE_MS);
    expect((await broker.health()).ok).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  'without encryption an encrypted port is away, and says so',
  async () => {
    const broker = openRabbitmqBroker(`amqp://127.0.0.1:${tlsPort}`, { callTimeoutMs: 500 });
    expect((await broker.health()).ok).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  'a broker that is closed while it connects or reads back ends at once, and so do the calls that wait',
  async () => {
    const [port = 0] = await findFreePorts(1);
    const { line, url } = await openLine();
    for (const place of [`amqp://127.0.0.1:${port}`, url]) {
      const clock = createFakeClock();
      const broker = openRabbitmqBroker(place, { clock });
      const answers = Promise.allSettled([broker.append(log, entryOf('a')), broker.tops([log])]);
      if (place === url) await until(() => line.count === 2, 'its lines', PATIENCE_MS);
      line.freeze();
      const closed = broker.close();
      line.thaw();
      await closed;
      for (const answer of await answers) expect(answer).toMatchObject({ reason: { code: 'closed' } });
      expect(clock.timerCount).toBe(0);
    }
  },
  TIMEOUT_MS,
);

test(
  'processes that come at once to a server without streams agree on them',
  async () => {
    const url = `${server.url}?prefix=contested`;
    const brokers = countKeys(5).map(() => openRabbitmqBroker(url));
    await Promise.all(brokers.map((broker, i) => broker.append(log, entryOf(`${i}`))));
    const readings = await Promise.all(brokers.map((broker) => broker.read(log, 'start', 10)));
    expect(new Set(readings.map(({ entries }) => entries.map(({ at }) => at).join())).size).toBe(1);
    expect(readings[0]?.entries.length).toBe(5);
  },
  TIMEOUT_MS,
);

test(
  'a vhost is named by the path, whatever is in it',
  async () => {
    await server.control('add_vhost', 'my/host %');
    await server.control('set_permissions', '-p', 'my/host %', 'guest', '.*', '.*', '.*');
    const broker = openRabbitmqBroker(`${server.url}/${encodeURIComponent('my/host %')}`);
    await say(broker, log, 'in another vhost');
    expect(keysOf((await broker.read(log, 'start', 10)).entries)).toEqual(['in another vhost']);
  },
  TIMEOUT_MS,
);
