import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a search looks for: breaches and places of unrest, or runs that never end. They exclude each other in Spin. */
export type Aim = 'breaches' | 'endless runs';

/** What a search came to. */
export interface Search {
  readonly stateCount: number;
  /** The search left nothing out. */
  readonly isComplete: boolean;
  /** The first breach; undefined: none. */
  readonly breach: string | undefined;
}

const MODEL = fileURLToPath(new URL('resume.pml', import.meta.url));
const MEMORY_MIB = 900;
/** More steps than any run has; one that has more makes a search incomplete. */
const MOST_STEPS = 10_000;

const run = promisify(execFile);

/** Searches all runs of the model, as its flags make it. `isLong`: compiling it well is worth its while. */
export async function search(flags: readonly string[], aim: Aim, isLong = false): Promise<Search> {
  const folder = await mkdtemp(join(tmpdir(), 'message-flow-model-'));
  try {
    const options = { cwd: folder, maxBuffer: 16_000_000 };
    await run('spin', [...flags.map((flag) => `-D${flag}`), '-a', MODEL], options);
    const [define, ask] = aim === 'breaches' ? ['-DSAFETY', []] : ['-DNP', ['-l']];
    const bounds = [`-DMEMLIM=${MEMORY_MIB}`, '-DCOLLAPSE', '-DNOREDUCE', '-DNOFAIR'];
    await run('gcc', [isLong ? '-O1' : '-O0', '-w', define as string, ...bounds, '-o', 'pan', 'pan.c'], options);
    const { stdout } = await run('./pan', [...(ask as string[]), `-m${MOST_STEPS}`, '-w22'], options);
    return readReport(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function readReport(report: string): Search {
  const errors = /errors: (\d+)/.exec(report)?.[1];
  const states = /(\d+) states, stored/.exec(report)?.[1];
  if (errors === undefined || states === undefined) throw new Error(`Cannot read what the search says: ${report}`);
  const isCut = /Search not completed|max search depth too small|reached -DMEMLIM/.test(report);
  return { stateCount: Number(states), isComplete: !isCut, breach: errors === '0' ? undefined : findBreach(report) };
}

/** Breaches by the names that the history checker has for them; a run that never ends is `endless`. */
function findBreach(report: string): string {
  const [, what = ''] = /^pan:1: (.*)$/m.exec(report) ?? [];
  const [, assertion] = /^assertion violated\s+!\(*is(\w+)/.exec(what) ?? [];
  if (assertion) return assertion.charAt(0).toLowerCase() + assertion.slice(1);
  if (what.startsWith('invalid end state')) return 'silent';
  return what.startsWith('non-progress cycle') ? 'endless' : `unknown: ${what}`;
}
