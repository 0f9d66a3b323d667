import { defineConfig } from 'vitest/config';

/** Makes `message-flow/…` mean the sources, so that no test waits for a build. */
const conditions = ['@message-flow/source'];
/** A machine may be busy: a test says what happens, not how fast. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...patience,
    // Vitest's own choice leaves a core free; these tests wait for servers for most of their time.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/{e2e,deploy}/**', 'test/faults/faults.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/{e2e,deploy}/**/*.test.{ts,tsx}', 'test/faults/faults.test.ts'],
          // Each starts several processes, and a browser beside them.
          testTimeout: 2 * patience.testTimeout,
          hookTimeout: 2 * patience.hookTimeout,
        },
      },
    ],
  },
});
