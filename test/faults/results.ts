import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Outcome } from './judge.ts';

/** What came out of one cell of the matrix. */
export interface Result extends Outcome {
  readonly engine: string;
  readonly fault: string;
  /** How long the run took, in milliseconds. */
  readonly tookMs: number;
}

/** Adds a result, in place of an earlier one of the same cell. */
export function writeResult(file: string, result: Result): Result[] {
  const others = readResults(file).filter(({ engine, fault }) => engine !== result.engine || fault !== result.fault);
  const all = [...others, result];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(all, undefined, 1)}\n`);
  return all;
}

/** How many things were wrong in a run, of all kinds. */
export function countWrong({ counts, untoldCount }: Outcome): number {
  return Object.values(counts).reduce((sum, count) => sum + count, untoldCount);
}

/** Reads what earlier runs left; nothing, if there were none. */
function readResults(file: string): Result[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Result[];
  } catch {
    return []; // none, or half of one: these runs are done again
  }
}
