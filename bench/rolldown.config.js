import { defineConfig } from 'rolldown';

// Node 20 runs no TypeScript, so the bench is bundled first, from the sources that it measures.
export default defineConfig({
  input: { main: 'bench/main.ts', holder: 'bench/holder.ts', crowd: 'bench/crowd.ts' },
  platform: 'node',
  external: /^(?!\.|\/|message-flow\/)/,
  resolve: { conditionNames: ['@message-flow/source', 'node', 'import'] },
  output: { dir: '.cache/bench', format: 'esm' },
});
