import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerProgram, createBrokerProgram, WITH_PACKAGES } from '../../support/broker-program.ts';
import { findFreePort } from '../../support/free-ports.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

let program: BrokerProgram;
let server: RedisServer;
beforeAll(async () => {
  program = await createBrokerProgram();
  server = await startRedisServer();
}, 120_000);
afterAll(async () => {
  program.remove();
  await server.remove();
});

const USES = {
  'at once': 'await broker.close();',
  'after use': `await settle(append(), tail('user/a'), tail('user/b'));
    await broker.close();`,
  'in the middle of calls': `settle(append(), broker.read('user/a', 'start', 9), tail('user/a'), broker.health());
    await broker.close();`,
  'twice at once': `await settle(tail('user/a'));
    await Promise.all([broker.close(), broker.close()]);`,
};

/** Runs a program that uses a broker and closes it; gives what it printed once it has ended by itself. */
function runAndClose(url: string, use: string): Promise<string> {
  const statements = `
    const broker = createBroker(${JSON.stringify(url)});
    const append = () => broker.append('user/a', { key: 'a', event: 'said', data: '1' });
    const tail = (log) => broker.tail(log, () => {});
    const settle = (...calls) => Promise.allSettled(calls);
    ${use}
    console.log('closed');`;
  return program.run(statements, WITH_PACKAGES);
}

test.each(Object.entries(USES))(
  'a broker that is closed %s leaves nothing that keeps a process',
  async (_, use) => {
    expect(await runAndClose(server.url, use)).toBe('closed\n');
  },
  120_000,
);

test.each(['redis', 'redis+cluster', 'redis+sentinel'])(
  'nor does one of %s: whose server is not there, and nothing is printed',
  async (scheme) => {
    const url = `${scheme}://127.0.0.1:${await findFreePort()}${scheme === 'redis+sentinel' ? '/main' : ''}`;
    const uses = [USES['in the middle of calls'], USES['after use']];
    const printed = await Promise.all(uses.map((use) => runAndClose(url, use)));
    expect(printed).toEqual(['closed\n', 'closed\n']);
  },
  120_000,
);
