import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { openFaultLine } from '../../support/fault-line.ts';
import { findFreePorts } from '../../support/free-ports.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

const log = userLog('ada');
let server: NatsServer;

beforeAll(async () => {
  server = await startNatsServer();
}, TIMEOUT_MS);

afterAll(() => server?.remove());

/** Opens a line to the server that ends with the test. */
async function openLine() {
  const line = await openFaultLine(server.port);
  onTestFinished(() => line.close());
  return { line, url: `nats://127.0.0.1:${line.port}` };
}

test(
  'a broker may be made before its server is there, and works once it is',
  async () => {
    const [port = 0] = await findFreePorts(1);
    const url = `nats://127.0.0.1:${port}`;
    const [hasty, patient] = [openNatsBroker(url, { callTimeoutMs: 200 }), openNatsBroker(url)];
    const answer = patient.append(log, entryOf('a'));
    await expect(hasty.append(log, entryOf('b'))).rejects.toMatchObject({ name: 'BrokerError', code: 'unavailable' });
    const late = await startNatsServer('', { port });
    onTestFinished(() => late.remove());
    expect(await answer).toMatch(/^[0-9a-f]{16}:1:[0-9a-f]{8}$/);
    expect(await until(async () => (await hasty.health()).ok, 'health', PATIENCE_MS)).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  'health says why it does not work and since when, and never rejects',
  async () => {
    const [port = 0] = await findFreePorts(1);
    let now = 1_000;
    const broker = openNatsBroker(`nats://127.0.0.1:${port}`, { wallClock: () => now });
    const first = await until(async () => {
      const health = await broker.health();
      return health.reason?.includes('ECONNREFUSED') && health;
    }, 'a refusal');
    expect(first).toMatchObject({ ok: false, since: 1_000, reason: expect.stringContaining(`127.0.0.1:${port}`) });
    now = 2_000;
    expect((await broker.health()).since).toBe(1_000);
    await broker.close();
    expect(await broker.health()).toMatchObject({ ok: false, reason: expect.stringContaining('closed') });
  },
  TIMEOUT_MS,
);

test(
  'who follows is told `interrupted` once the live end is mended, and hears again',
  async () => {
    const { line, url } = await openLine();
    const broker = openNatsBroker(url);
    const heard: string[] = [];
    const told: unknown[] = [];
    broker.on('interrupted', (logs) => told.push(logs));
    await broker.tail(log, ({ key }) => heard.push(key));
    line.cut();
    await until(() => told.length === 1, 'the interruption', PATIENCE_MS);
    await broker.append(log, entryOf('after the cut'));
    await until(() => heard.includes('after the cut'), 'the entry', PATIENCE_MS);
    expect(told).toEqual(['all']);
  },
  TIMEOUT_MS,
);

test(
  'a server that stands still is found out, and whoever follows is told when it goes on',
  async () => {
    const broker = openNatsBroker(server.url, { tailCheckMs: 500 });
    const told: unknown[] = [];
    broker.on('interrupted', (logs) => told.push(logs));
    await broker.tail(log, () => {});
    server.freeze();
    onTestFinished(() => server.thaw());
    await until(
      async () => /did not answer|nothing within/.test((await broker.health()).reason ?? ''),
      'the stall to be found',
      PATIENCE_MS,
    );
    server.thaw();
    await until(() => told.length > 0, 'the interruption', PATIENCE_MS);
    expect(await broker.append(log, entryOf('after the stall'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'a line that carries nothing is given up, though nobody ended it',
  async () => {
    const { line, url } = await openLine();
    const broker = openNatsBroker(url, { tailCheckMs: 500 });
    const told: unknown[] = [];
    broker.on('interrupted', (logs) => told.push(logs));
    await broker.tail(log, () => {});
    line.freeze();
    await until(async () => !(await broker.health()).ok, 'the stall to be found', PATIENCE_MS);
    line.thaw();
    await until(() => told.length > 0, 'the interruption', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test.each([
  ['never says a word', ''],
  ['asks for TLS, and then says no more', 'INFO {"version":"2.9.10","proto":1,"tls_required":true}\r\n'],
])(
  'a server that %s costs one socket at a time',
  async (_, greeting) => {
    const open = new Set<Socket>();
    let count = 0;
    const silent = createServer((socket) => {
      count++;
      open.add(socket);
      socket.resume().write(greeting);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const clock = createFakeClock();
    const broker = openNatsBroker(`nats://127.0.0.1:${(silent.address() as AddressInfo).port}`, { clock });
    for (let tries = 1; tries <= 5; tries++) {
      await until(() => count === tries, 'an attempt', PATIENCE_MS);
      clock.advance(3_000);
      await until(() => open.size === 0, 'its socket to be closed', PATIENCE_MS);
      await until(() => clock.timerCount > 0, 'the next attempt to be waited for');
      clock.advance(5_000);
    }
    clock.advance(3_000);
    await broker.close();
    await until(() => open.size === 0, 'the last socket to be closed', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'a broker that is closed leaves no timer and no connection',
  async () => {
    const { line, url } = await openLine();
    const clock = createFakeClock();
    const broker = openNatsBroker(url, { clock });
    await broker.tail(log, () => {});
    await broker.append(log, entryOf('before the end'));
    expect([clock.timerCount, line.count]).toEqual([1, 1]);
    await broker.close();
    expect(clock.timerCount).toBe(0);
    await until(() => line.count === 0, 'its connection to be closed', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'a broker that is closed while it connects ends, and so do the calls that wait',
  async () => {
    const [port = 0] = await findFreePorts(1);
    const clock = createFakeClock();
    const broker = openNatsBroker(`nats://127.0.0.1:${port}`, { clock });
    const calls = [broker.append(log, entryOf('a')), broker.read(log, 'start', 1), broker.tops([log])];
    const answers = Promise.allSettled(calls);
    await broker.close();
    for (const answer of await answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    }
    expect(clock.timerCount).toBe(0);
  },
  TIMEOUT_MS,
);
