import { createBroker } from 'message-flow/broker';
import { type BrokerFaults, conformance } from 'message-flow/broker/conformance';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

describe('a broker on one Redis server conforms', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  }, 30_000);
  afterAll(() => server.remove());

  const faults: BrokerFaults = {
    async cutLive() {
      await server.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    async trim(_, log) {
      await server.admin('DEL', `flow:{${log}}:entries`);
    },
    async reset(broker) {
      await server.admin('FLUSHALL');
      return broker;
    },
  };
  for (const { name, run } of conformance(() => createBroker(server.url), faults)) test(name, run, 30_000);
});
