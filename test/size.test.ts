import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const ENTRY = join(ROOT, 'test/support/page.ts');
const STORES_ENTRY = join(ROOT, 'test/support/stores-page.ts');
const REACT_ENTRY = join(ROOT, 'test/support/react-page.ts');
/** The example's page itself: what it uses of all three. */
const EXAMPLE = join(ROOT, 'examples/observatory/front/main.tsx');
const MAX_PAGE_BYTES = 6_000;
const MAX_STORES_BYTES = 5_000;
const MAX_REACT_BYTES = 2_000;
const MAX_EXAMPLE_BYTES = MAX_PAGE_BYTES + MAX_STORES_BYTES + MAX_REACT_BYTES;
const PAGE_FOLDERS = ['client', 'contract', 'protocol'];

/** Bundles a page as an app would, from the sources, into one file that needs no other but those of `external`. */
async function bundlePage(input = ENTRY, external: readonly string[] = []) {
  const bundle = await rolldown({
    input,
    external: [...external],
    platform: 'browser',
    resolve: { conditionNames: ['@message-flow/source'] },
  });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  // Rolldown only warns of an import that it can't find, and the bundle would be small for the wrong reason.
  expect(output.flatMap((part) => (part.type === 'chunk' ? part.imports : part.fileName))).toEqual(external);
  expect(output.length).toBe(1);
  return output[0];
}

test(`what a page downloads has at most ${MAX_PAGE_BYTES} bytes, minified and gzipped`, async () => {
  const { code } = await bundlePage();
  const bytes = gzipSync(code).length;
  console.log(`message-flow/client: ${bytes} bytes gzipped of ${MAX_PAGE_BYTES}`);
  expect(bytes).toBeLessThanOrEqual(MAX_PAGE_BYTES);
});

test(`stores add at most ${MAX_STORES_BYTES} bytes to it, and no validator (complaint 23)`, async () => {
  const [page, withStores] = [await bundlePage(), await bundlePage(STORES_ENTRY)];
  const bytes = gzipSync(withStores.code).length - gzipSync(page.code).length;
  console.log(`message-flow/client/stores: ${bytes} bytes gzipped of ${MAX_STORES_BYTES}`);
  expect(bytes).toBeLessThanOrEqual(MAX_STORES_BYTES);
  expect(bytes).toBeGreaterThan(1_000); // else the bundle has none of it
  expect(withStores.moduleIds).toContain(ENTRY); // else it is weighed without what it adds to
  expect(withStores.moduleIds.filter((id) => id.includes('node_modules'))).toEqual([]);
});

test(`React hooks add at most ${MAX_REACT_BYTES} bytes to that`, async () => {
  const [withStores, withReact] = [await bundlePage(STORES_ENTRY), await bundlePage(REACT_ENTRY, ['react'])];
  const bytes = gzipSync(withReact.code).length - gzipSync(withStores.code).length;
  console.log(`message-flow/react: ${bytes} bytes gzipped of ${MAX_REACT_BYTES}`);
  expect(bytes).toBeLessThanOrEqual(MAX_REACT_BYTES);
  expect(bytes).toBeGreaterThan(500); // else the bundle has none of it
  expect(withReact.moduleIds).toEqual(expect.arrayContaining([ENTRY, STORES_ENTRY]));
});

test(`all three that the example's page downloads have at most ${MAX_EXAMPLE_BYTES} bytes, no other folder's part and no validator`, async () => {
  const bundle = await rolldown({
    input: EXAMPLE,
    external: /^react/,
    platform: 'browser',
    resolve: { conditionNames: ['@message-flow/source'] },
  });
  const groups = [{ name: 'message-flow', test: (id: string) => id.startsWith(join(ROOT, 'src/')) }];
  const { output } = await bundle.generate({ minify: true, codeSplitting: { groups } });
  await bundle.close();
  const ours = output.find((part) => part.type === 'chunk' && part.name === 'message-flow') as OutputChunk;
  const bytes = gzipSync(ours.code).length;
  console.log(`message-flow in the observatory: ${bytes} bytes gzipped of ${MAX_EXAMPLE_BYTES}`);
  expect(bytes).toBeLessThanOrEqual(MAX_EXAMPLE_BYTES);
  const folders = new Set(ours.moduleIds.map((id) => id.slice(join(ROOT, 'src/').length).split('/')[0]));
  expect([...folders].sort()).toEqual([...PAGE_FOLDERS, 'react'].sort());
  // No validator in the browser, whoever imports it: React is all that this page has of other people's.
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  expect(modules.filter((id) => id.includes('node_modules'))).toEqual([]);
});

test(`what a page downloads comes from ${PAGE_FOLDERS.join(', ')} and nowhere else`, async () => {
  const { moduleIds } = await bundlePage();
  const ours = moduleIds.filter((id) => id !== ENTRY).map((id) => id.slice(join(ROOT, 'src/').length));
  expect(ours.filter((path) => !PAGE_FOLDERS.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
});
