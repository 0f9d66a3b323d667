import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENT = join(ROOT, 'docs/stores.md');
const FENCE = /^```ts ([\w-]+\.ts)\n([\s\S]*?)^```$/gm;
/** Below the checkout, so that packages resolve as they do for a reader who is in it. */
const FOLDER = join(ROOT, `.cache/stores-${process.pid}`);
const LIMIT_MS = 60_000;

/** Where a file of the document is, once it is built for Node, which runs no TypeScript yet. */
export function pathOf(name: string): string {
  return join(FOLDER, name.replace(/\.ts$/, '.js'));
}

/** Builds files of docs/stores.md for the tests of a file, and programs of the tests. */
export function buildDocumentCode(names: readonly string[], programs: readonly string[] = []): void {
  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    for (const [, file = '', code = ''] of readFileSync(DOCUMENT, 'utf8').matchAll(FENCE)) {
      writeFileSync(join(FOLDER, file), code);
    }
    for (const input of [...names.map((name) => join(FOLDER, name)), ...programs]) {
      await build({
        input,
        platform: 'node',
        resolve: { conditionNames: ['@message-flow/source'] },
        external: /^(?!\.|\/|message-flow\/)/,
        logLevel: 'silent',
        output: { file: pathOf(basename(input)), format: 'esm', codeSplitting: false },
      });
    }
  }, LIMIT_MS);
  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));
}
