import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { expect, test } from 'vitest';

test('loading NATS where its driver is not installed says what to install', async () => {
  // Far from any node_modules, as for an app that did not install the package.
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  try {
    const file = join(folder, 'load-nats.mjs');
    const input = join(import.meta.dirname, '../../../src/broker/nats/load-nats.ts');
    await build({ input, platform: 'node', logLevel: 'silent', output: { file, format: 'esm' } });
    const program = `const { loadNats } = await import(${JSON.stringify(file)});
      try { loadNats(); console.log('loaded'); } catch (e) { console.log(e.name, e.code, e.message); }`;
    const { stdout, stderr } = spawnSync('node', ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout || stderr).toBe(
      'BrokerError refused Cannot use NATS: the package "@nats-io/transport-node" is not installed: npm install @nats-io/transport-node@3\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
