import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBranches } from './branches.ts';
import { addTally, type Catch, createTally, type Run, runSeeds } from './campaign.ts';
import { findUnmet } from './coverage.ts';
import { doTasks, serveTasks, type Task } from './crew.ts';
import { MANNER_NAMES } from './manners.ts';
import { replay } from './replay.ts';
import { formatBranches, formatFailure, formatManners, formatProgress, formatTally, formatVariants } from './report.ts';
import KEPT_SEEDS from './seeds.json' with { type: 'json' };
import { VARIANTS } from './variants.ts';

const CHUNK_SEEDS = 250;
const PROGRESS_INTERVAL_MS = 5_000;
/** Seeds that a variant may need. */
const MOST_VARIANT_SEEDS = 5_000;
/** Seeds whose branches are counted, which is slower. */
const BRANCH_SEEDS = 500;
/** Fewer can't be asked to have met everything. */
const LEAST_COVERED_SEEDS = 5_000;

const { values } = parseArgs({
  options: {
    /** How many seeds. */
    seeds: { type: 'string', default: process.env.SEEDS ?? '10000' },
    /** The first of them. */
    from: { type: 'string', default: '1' },
    /** Only this one, told in full. */
    seed: { type: 'string', ...(process.env.SEED ? { default: process.env.SEED } : {}) },
    /** How its engine behaves; else what the seed draws. */
    manner: { type: 'string', ...(process.env.MANNER ? { default: process.env.MANNER } : {}) },
    /** How much is drawn: 1 for kept seeds that say so. */
    draws: { type: 'string', ...(process.env.DRAWS ? { default: process.env.DRAWS } : {}) },
    /** A file for what came out, as JSON. */
    report: { type: 'string' },
  },
});

if (!serveTasks()) process.exitCode = values.seed === undefined ? await search() : await replay(findRun(values.seed));

function findRun(seed: string): Run {
  const manner = MANNER_NAMES.find((name) => name === values.manner);
  return { seed: Number(seed), ...(manner ? { manner } : {}), ...(values.draws === '1' ? { draws: 1 } : {}) };
}

async function search(): Promise<number> {
  const [count, from] = [Number(values.seeds), Number(values.from)];
  const branches = await measureBranches(BRANCH_SEEDS); // first: V8 counts no branches in what it has compiled before
  const began = performance.now();
  const sum = createTally();
  const variants: Catch[] = [];
  let [saidAt, isTold] = [began, false];

  function tellFailure(): void {
    const [first] = sum.failures;
    if (!first || isTold) return;
    isTold = true;
    console.log(formatFailure(first));
  }

  addTally(sum, await runSeeds(KEPT_SEEDS as Run[]));
  console.log(`${sum.seeds} kept seeds: ${sum.failures.length} failing`);
  tellFailure();
  const tasks: Task[] = VARIANTS.flatMap(({ manners = ['any'] }, index) =>
    manners.map((manner) => ({ type: 'variant', index, manner, most: MOST_VARIANT_SEEDS })),
  );
  for (let done = 0; done < count; done += CHUNK_SEEDS) {
    tasks.push({ type: 'seeds', from: from + done, count: Math.min(CHUNK_SEEDS, count - done) });
  }
  await doTasks(tasks, availableParallelism(), (result) => {
    if (result.type === 'variant') variants.push(result.caught);
    else addTally(sum, result.tally);
    tellFailure();
    if (performance.now() - saidAt < PROGRESS_INTERVAL_MS) return;
    saidAt = performance.now();
    console.log(formatProgress(sum, count + KEPT_SEEDS.length, saidAt - began));
  });
  const elapsedMs = performance.now() - began;
  const uncaught = variants.filter(({ breach }) => breach === undefined);
  const unmet = count >= LEAST_COVERED_SEEDS ? findUnmet(sum.counts, sum.seeds) : [];
  sum.failures.sort((a, b) => a.seed - b.seed);

  console.log(formatTally(sum, elapsedMs));
  console.log(formatManners(sum));
  console.log(formatBranches(branches));
  console.log(formatVariants(variants));
  for (const what of unmet) console.log(`Met too seldom: ${what}`);
  for (const failure of sum.failures.slice(0, 20)) console.log(formatFailure(failure));
  if (values.report) writeFileSync(values.report, JSON.stringify({ ...sum, elapsedMs, variants, unmet, branches }));
  return sum.failures.length + uncaught.length + unmet.length === 0 ? 0 : 1;
}
