import { join } from 'node:path';
import { build } from 'rolldown';

const ROOT = join(import.meta.dirname, '../..');

/** Bundles a program from its sources, as Node 20 runs no TypeScript: `input` is seen from the project's folder. */
export async function bundleProgram(input: string, file: string): Promise<void> {
  await build({
    input: join(ROOT, input),
    platform: 'node',
    resolve: { conditionNames: ['@message-flow/source', 'node', 'import'] },
    external: /^(?!\.|\/|message-flow\/)/,
    logLevel: 'silent',
    output: { file, format: 'esm' },
  });
}
