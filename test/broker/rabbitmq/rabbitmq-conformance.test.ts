import { afterAll, beforeAll, test } from 'vitest';
import { type RabbitmqServer, startRabbitmqServer } from '../../support/rabbitmq-server.ts';
import { TIMEOUT_MS } from './open-rabbitmq-broker.ts';
import { claimsOf, createRabbitmqHarness, type RabbitmqHarness } from './rabbitmq-harness.ts';

let server: RabbitmqServer;
let harness: RabbitmqHarness;

beforeAll(async () => {
  server = await startRabbitmqServer();
  harness = createRabbitmqHarness(server);
}, TIMEOUT_MS);

afterAll(async () => {
  await harness?.close();
  await server?.remove();
});

for (const { name, run } of claimsOf(() => harness)) test(name, run, TIMEOUT_MS);
