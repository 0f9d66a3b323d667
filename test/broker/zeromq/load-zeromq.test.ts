import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCE = join(ROOT, 'src/broker/zeromq/load-zeromq.ts');

/** Far from any node_modules, as for an app that did not install the package. */
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  const output = { file: join(folder, 'load-zeromq.mjs'), format: 'esm' } as const;
  await build({ input: SOURCE, platform: 'node', logLevel: 'silent', output });
});

afterAll(() => rmSync(folder, { recursive: true }));

test('loading ZeroMQ where it is not installed says what to install', () => {
  expect(loadIn('node', join(folder, 'load-zeromq.mjs'))).toBe(
    'BrokerError refused Cannot use ZeroMQ: the package "zeromq" is not installed: npm install zeromq@6\n',
  );
});

test('loading ZeroMQ on Bun is refused, and does not end the process', () => {
  expect(loadIn(join(ROOT, 'node_modules/.bin/bun'), SOURCE)).toBe(
    'BrokerError refused Cannot use ZeroMQ on Bun: the package "zeromq" runs on Node only; run this program on Node\n',
  );
});

/** What a runtime prints that loads it. */
function loadIn(runtime: string, module: string): string {
  const program = `const { loadZeromq } = await import(${JSON.stringify(module)});
    try { loadZeromq(); console.log('loaded'); } catch (e) { console.log(e.name, e.code, e.message); }`;
  const args = runtime === 'node' ? ['--input-type=module', '-e', program] : ['-e', program];
  const { stdout, stderr, error } = spawnSync(runtime, args, { cwd: folder, encoding: 'utf8' });
  if (error) throw error;
  return stdout || stderr;
}
