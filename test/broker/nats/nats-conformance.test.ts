import { conformance } from 'message-flow/broker/conformance';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { createNatsHarness, type NatsHarness } from './nats-harness.ts';

const TIMEOUT_MS = 60_000;

describe('on NATS', () => {
  let server: NatsServer;
  let harness: NatsHarness;

  beforeAll(async () => {
    server = await startNatsServer();
    harness = await createNatsHarness(server);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await harness?.close();
    await server?.remove();
  });

  const faults = {
    cutLive: (broker) => harness.faults.cutLive?.(broker),
    trim: (broker, log) => harness.faults.trim(broker, log),
    reset: (broker) => harness.faults.reset(broker),
  } satisfies NatsHarness['faults'];
  for (const { name, run } of conformance(() => harness.createBroker(), faults, { patienceMs: 30_000 })) {
    test(name, run, TIMEOUT_MS);
  }
});
