import { afterAll, beforeAll, describe, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { claimsOf, createFaults } from './redis-world.ts';

describe('a broker on one Redis server conforms', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  }, 120_000);
  afterAll(() => server.remove());

  const faults = createFaults((...command) => server.admin(...command));
  for (const { name, run } of claimsOf(() => server.url, faults)) test(name, run, 60_000);
});
