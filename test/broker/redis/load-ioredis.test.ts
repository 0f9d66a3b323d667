import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '../../../src/broker/index.ts');

/** Far from any node_modules, as for an app that did not install the package. */
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  const output = { file: join(folder, 'broker.mjs'), format: 'esm' } as const;
  await build({ input: SOURCE, platform: 'node', logLevel: 'silent', output });
}, 30_000);

afterAll(() => rmSync(folder, { recursive: true }));

test('a broker on Redis, where its driver is not installed, says what to install', () => {
  expect(runThere("createBroker('redis://localhost')")).toBe(
    'BrokerError refused Cannot use Redis: the package "ioredis" is not installed: npm install ioredis@6\n',
  );
});

test('the driver is not loaded for another broker', () => {
  expect(runThere("createBroker('memory:', { single: true })")).toBe('made\n');
});

/** What a program prints that makes a broker there. */
function runThere(expression: string): string {
  const program = `const { createBroker } = await import(${JSON.stringify(join(folder, 'broker.mjs'))});
    try { ${expression}; console.log('made'); } catch (e) { console.log(e.name, e.code, e.message); }`;
  const args = ['--input-type=module', '-e', program];
  const { stdout, stderr, error } = spawnSync('node', args, { cwd: folder, encoding: 'utf8' });
  if (error) throw error;
  return stdout || stderr;
}
