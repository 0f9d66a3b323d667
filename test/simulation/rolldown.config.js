import { defineConfig } from 'rolldown';

// Node 20 runs no TypeScript, so the simulator is bundled first (some 50 ms) from the sources, not from a build.
export default defineConfig({
  input: 'test/simulation/main.ts',
  platform: 'node',
  external: /^(?!\.|\/|message-flow\/)/,
  resolve: { conditionNames: ['@message-flow/source', 'node', 'import'] },
  output: { file: '.cache/simulation.js', format: 'esm', sourcemap: true },
});
