import { createBroker } from 'message-flow/broker';
import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { findFreePorts } from '../support/free-ports.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { until } from '../support/until.ts';
import { SECRET } from './open-gateway.ts';
import { findHealth, runProgram, startGatewayProgram } from './program.ts';

const TIMEOUT_MS = 60_000;
let server: NatsServer;
let url: string;

beforeAll(async () => {
  server = await startNatsServer('authorization { user: flow, password: hunter2 }');
  url = server.url.replace('//', '//flow:hunter2@');
}, TIMEOUT_MS);

afterAll(() => server?.remove());

test(
  'a gateway on NATS is healthy, and what is published at it is in the log',
  async () => {
    const gateway = await startGatewayProgram(['--development', '--broker', url]);
    await until(async () => (await fetch(`${gateway.url}/ready`)).ok, 'the gateway to be ready', TIMEOUT_MS);
    const health = await until(() => findHealth(gateway.url), 'the gateway to be well', TIMEOUT_MS);
    expect(health).toEqual({ broker: { ok: true }, ring: { ok: true }, socket: { ok: true } });
    const answer = await fetch(`${gateway.url}/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user":"ada","id":"tick","data":{"n":1.000}}',
    });
    const { at } = (await answer.json()) as { at: string };
    const backend = createBroker(url);
    onTestFinished(() => backend.close());
    const { entries } = await backend.read(userLog('ada'), 'start', 10);
    expect(entries.map((entry) => [entry.at, entry.event, entry.data])).toEqual([[at, 'tick', '{"n":1.000}']]);
    expect(gateway.stdout).not.toMatch(/hunter2/);
  },
  TIMEOUT_MS,
);

test(
  'check says that NATS works, without its password',
  async () => {
    const { code, stdout } = await runProgram(['check', '--broker', url]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^broker +ok +nats:\/\/…@127\.0\.0\.1:\d+$/m)]);
  },
  TIMEOUT_MS,
);

test(
  'check says why NATS does not work, without its password',
  async () => {
    const [port = 0] = await findFreePorts(1);
    for (const [place, reason] of [
      [`flow:hunter2@127.0.0.1:${port}`, 'ECONNREFUSED'],
      [`flow:hunter22@127.0.0.1:${server.port}`, 'it refuses these credentials'],
    ] as const) {
      const { code, stdout } = await runProgram(['check', '--broker', `nats://${place}`]);
      expect([code, stdout]).toEqual([1, expect.stringMatching(new RegExp(`^broker +failed .*${reason}`, 'm'))]);
      expect(stdout).not.toMatch(/hunter2/);
    }
  },
  TIMEOUT_MS,
);

test(
  'a gateway refuses a server off this machine without credentials',
  async () => {
    const env = { FLOW_SECRET: SECRET };
    const { code, stderr } = await runProgram(['gateway', '--broker', 'nats://nats.example'], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('so it needs credentials')]);
  },
  TIMEOUT_MS,
);
