import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'rolldown';

const ROOT = join(import.meta.dirname, '../..');
const LONGEST_RUN_MS = 40_000;

/** Small programs on Node that make brokers, far from any node_modules. */
export interface BrokerProgram {
  /** Runs statements after `createBroker` was imported; gives all that was printed, and the signal that ended it. */
  run(statements: string, env?: Record<string, string>): Promise<string>;
  remove(): void;
}

/** What makes packages be found, as for an app that installed them. */
export const WITH_PACKAGES: Record<string, string> = { NODE_PATH: join(ROOT, 'node_modules') };

/** Bundles `message-flow/broker` for such programs. */
export async function createBrokerProgram(): Promise<BrokerProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
  const file = join(folder, 'broker.mjs');
  const input = join(ROOT, 'src/broker/index.ts');
  await build({ input, platform: 'node', logLevel: 'silent', output: { file, format: 'esm' } });
  return {
    async run(statements, env = {}) {
      const program = `const { createBroker } = await import(${JSON.stringify(file)});\n${statements}`;
      const child = spawn('node', ['--input-type=module', '-e', program], {
        cwd: folder,
        env: { PATH: process.env.PATH, ...env },
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS);
      const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      clearTimeout(timer);
      return `${printed}${errors}${child.signalCode ?? ''}`;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
