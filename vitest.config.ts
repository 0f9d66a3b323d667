import { defineConfig } from 'vitest/config';

/** Makes `message-flow/…` mean the sources, so that no test waits for a build. */
const conditions = ['@message-flow/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/{e2e,deploy}/**'] } },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/{e2e,deploy}/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000 },
      },
    ],
  },
});
