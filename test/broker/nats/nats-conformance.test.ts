import { userLog } from 'message-flow/protocol';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type NatsServer, openNatsOperator, startNatsServer } from '../../support/nats-server.ts';
import { claimsOf, createNatsHarness, type NatsHarness } from './nats-harness.ts';
import { openNatsBroker, TIMEOUT_MS } from './open-nats-broker.ts';

describe('on one server, which answers direct gets', () => {
  let server: NatsServer;
  let harness: NatsHarness;

  beforeAll(async () => {
    server = await startNatsServer();
    harness = createNatsHarness(server);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await harness?.close();
    await server?.remove();
  });

  for (const { name, run } of claimsOf(() => harness)) test(name, run, TIMEOUT_MS);
});

describe('on streams whose leader is asked, as in a cluster', () => {
  let server: NatsServer;
  let harness: NatsHarness;

  async function forbidDirectGets(): Promise<void> {
    const maker = openNatsBroker(server.url);
    await maker.tops([userLog('ada')]);
    await maker.close();
    const { call, close } = await openNatsOperator(server.url);
    for (const name of ['messages', 'runs', 'control'].map((kind) => `message-flow-${kind}`)) {
      const { config } = await call(`STREAM.INFO.${name}`);
      await call(`STREAM.UPDATE.${name}`, { ...(config as object), allow_direct: false });
    }
    await close();
  }

  beforeAll(async () => {
    server = await startNatsServer();
    harness = createNatsHarness(server, { prepare: forbidDirectGets });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await harness?.close();
    await server?.remove();
  });

  for (const { name, run } of claimsOf(() => harness)) test(name, run, TIMEOUT_MS);
});
