import { defineConfig } from 'rolldown';

// Node 20 runs no TypeScript, so the matrix is bundled first from the sources: two folders below the manifest, as they are.
export default defineConfig({
  input: 'test/faults/main.ts',
  platform: 'node',
  external: /^(?!\.|\/|message-flow\/)/,
  resolve: { conditionNames: ['@message-flow/source', 'node', 'import'] },
  output: { file: '.cache/faults/main.js', format: 'esm', sourcemap: true },
});
