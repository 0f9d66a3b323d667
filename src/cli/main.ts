#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

const ending = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (ending.signal.aborted) process.exit(1); // whoever says it twice does not want to wait
    ending.abort();
  });
}
// Whoever read has gone, as in `message-flow watch ada | head -1`: nothing is left to be done here.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => ending.abort());

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: ending.signal,
  clock: {
    now: () => performance.now(),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  },
  wallClock: Date.now,
  random: Math.random,
});
