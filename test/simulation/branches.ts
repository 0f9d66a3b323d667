import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { runSeeds } from './campaign.ts';

/** How a machine's branches were taken. */
export interface FileBranches {
  readonly file: string;
  readonly branchCount: number;
  /** Beginnings of those never taken. */
  readonly untaken: readonly string[];
  /** Those taken least. */
  readonly seldom: readonly { readonly code: string; readonly count: number }[];
}

/** The machines, as files of `src`. */
const MACHINES = [
  'gateway/followed-log.ts',
  'gateway/resume.ts',
  'gateway/ring.ts',
  'client/session.ts',
  'client/followed-logs.ts',
];
const SELDOM_COUNT = 3;

/**
 * Counts how often each branch of the machines is taken. Reads this very bundle: its parts are marked with their files.
 * Branches are V8's blocks, functions included.
 */
export async function measureBranches(seedCount: number): Promise<FileBranches[]> {
  const path = fileURLToPath(import.meta.url);
  const source = readFileSync(path, 'utf8');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await runSeeds(Array.from({ length: seedCount }, (_, i) => ({ seed: i + 1 })));
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const functions = result.find(({ url }) => url.endsWith(path))?.functions ?? [];
  return MACHINES.map((file) => {
    const begin = source.indexOf(`// src/${file}\n`);
    const end = source.indexOf('\n// ', begin + 1) + 1;
    const blocks = functions
      .flatMap(({ ranges }) => ranges)
      .filter(({ startOffset, endOffset }) => startOffset > begin && (end === 0 || endOffset < end))
      .map(({ startOffset, count }) => ({ code: firstLine(source, startOffset), count }));
    return {
      file,
      branchCount: blocks.length,
      untaken: blocks.filter(({ count }) => count === 0).map(({ code }) => code),
      seldom: blocks
        .filter(({ count }) => count > 0)
        .sort((a, b) => a.count - b.count)
        .slice(0, SELDOM_COUNT),
    };
  });
}

/** The line in which a block begins, and what it begins with. */
function firstLine(source: string, offset: number): string {
  const lineStart = source.lastIndexOf('\n', offset) + 1;
  const lineEnd = source.indexOf('\n', offset);
  const number = source.slice(0, offset).split('\n').length;
  return `${number}: ${source
    .slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
    .trim()
    .slice(0, 100)}`;
}
