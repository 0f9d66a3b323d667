import { type Logger, pino } from 'pino';
import type { Sink } from './io.ts';

/** How much is logged: each level and all above it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Creates the log of a program that runs on: JSON lines, each written at once. */
export function createProgramLog(stdout: Sink, level: (typeof LOG_LEVELS)[number]): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid }, // several programs of a machine may share a file
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stdout.write(line) },
  );
}
