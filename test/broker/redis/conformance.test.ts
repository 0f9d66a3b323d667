import { createBroker } from 'message-flow/broker';
import { conformance } from 'message-flow/broker/conformance';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { createFaults } from './redis-world.ts';

describe('a broker on one Redis server conforms', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  }, 30_000);
  afterAll(() => server.remove());

  const faults = createFaults((...command) => server.admin(...command));
  for (const { name, run } of conformance(() => createBroker(server.url), faults)) test(name, run, 30_000);
});
