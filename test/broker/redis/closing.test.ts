import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort, type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const ROOT = join(import.meta.dirname, '../../..');

let folder = '';
let server: RedisServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  const input = join(ROOT, 'src/broker/index.ts');
  const output = { file: join(folder, 'broker.mjs'), format: 'esm' } as const;
  await build({ input, platform: 'node', logLevel: 'silent', output });
  server = await startRedisServer();
}, 30_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.remove();
});

/** Runs a program that uses a broker and closes it; gives what it printed once it has ended by itself. */
async function runAndClose(url: string, use: string): Promise<string> {
  const program = `
    const { createBroker } = await import(${JSON.stringify(join(folder, 'broker.mjs'))});
    const broker = createBroker(${JSON.stringify(url)});
    const entry = { key: 'a', event: 'said', data: '1' };
    const settle = (...calls) => Promise.allSettled(calls);
    ${use}
    console.log('closed');`;
  const child = spawn('node', ['--input-type=module', '-e', program], {
    env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules') },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  clearTimeout(timer);
  return `${printed}${errors}${child.signalCode ?? ''}`;
}

const USES = {
  'at once': 'await broker.close();',
  'after use': `await settle(broker.append('user/a', entry), broker.tail('user/a', () => {}), broker.tail('user/b', () => {}));
    await broker.close();`,
  'in the middle of calls': `settle(broker.append('user/a', entry), broker.read('user/a', 'start', 9), broker.tail('user/a', () => {}), broker.health());
    await broker.close();`,
  'twice at once': `await settle(broker.tail('user/a', () => {})); await Promise.all([broker.close(), broker.close()]);`,
};

test.each(Object.entries(USES))(
  'a broker that is closed %s leaves nothing that keeps a process',
  async (_, use) => {
    expect(await runAndClose(server.url, use)).toBe('closed\n');
  },
  30_000,
);

test.each(['redis', 'redis+cluster', 'redis+sentinel'])(
  'nor does one of %s: whose server is not there, and nothing is printed',
  async (scheme) => {
    const url = `${scheme}://127.0.0.1:${await findFreePort()}${scheme === 'redis+sentinel' ? '/mymaster' : ''}`;
    const [now, later] = await Promise.all([
      runAndClose(url, USES['in the middle of calls']),
      runAndClose(url, USES['after use']),
    ]);
    expect([now, later]).toEqual(['closed\n', 'closed\n']);
  },
  30_000,
);
