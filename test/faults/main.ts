/** Runs the matrix of faults and engines, or a part of it, and writes what came out into its document. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Size } from './cast.ts';
import type { Engine } from './engine.ts';
import { ENGINES } from './engines.ts';
import { bundlePrograms, type Programs } from './programs.ts';
import { formatProgress, formatResults, isWhole, putResults } from './report.ts';
import { type Result, writeResult } from './results.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { createScope } from './scope.ts';
import { SIZES } from './sizes.ts';

const DOCUMENT = 'docs/reliability.md';

const { values } = parseArgs({
  options: {
    /** Names of engines, with commas between; all, if none is named. */
    engine: { type: 'string', default: process.env.ENGINE ?? '' },
    /** Names of faults. */
    fault: { type: 'string', default: process.env.FAULT ?? '' },
    size: { type: 'string', default: process.env.SIZE ?? 'whole' },
  },
});

const scope = createScope();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void scope.close().finally(() => process.exit(1)));
}
try {
  process.exitCode = await runMatrix(await bundlePrograms(scope));
} finally {
  await scope.close();
}
process.exit(); // at once: what a broken run still waits for must not hold it

async function runMatrix(programs: Programs): Promise<number> {
  const size = SIZES[values.size];
  if (!size) throw new RangeError(`There is no size "${values.size}": it is one of ${Object.keys(SIZES).join(', ')}`);
  const engines = choose(ENGINES, values.engine);
  const file = `.cache/faults/results-${values.size}.json`; // runs of two sizes are not one table
  let failedCount = 0;
  for (const scenario of choose(SCENARIOS, values.fault)) {
    for (const engine of engines.filter((engine) => scenario.fits?.(engine) !== false)) {
      const began = performance.now();
      const outcome = await runScenario(scope, { engine, scenario, size, programs });
      const result = { engine: engine.name, fault: scenario.name, tookMs: performance.now() - began, ...outcome };
      if (result.faults.length > 0) failedCount++;
      console.log(formatProgress(result));
      const all = writeResult(file, result);
      if (isWhole(all, SCENARIOS, ENGINES)) writeDocument(all, size);
    }
  }
  console.log(failedCount === 0 ? '== faults: all is well' : `== faults: ${failedCount} runs failed`);
  return failedCount === 0 ? 0 : 1;
}

function choose<T extends Engine | Scenario>(all: readonly T[], names: string): readonly T[] {
  const wanted = names === '' ? all.map(({ name }) => name) : names.split(',');
  const stray = wanted.find((name) => !all.some((one) => one.name === name));
  if (stray !== undefined) {
    throw new RangeError(`There is no "${stray}": it is one of ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => wanted.includes(name));
}

function writeDocument(results: readonly Result[], { gateways, screens, storm, rounds }: Size): void {
  const versions = [...new Set(ENGINES.flatMap((engine) => engine.readVersion() ?? []))].join(', ');
  const machine = `${cpus().length} cores, Node ${process.versions.node}, ${versions}`;
  const conditions = `${machine}; ${gateways} gateways, ${screens} screens, ${storm} in the storm, each fault ${rounds} times`;
  const text = formatResults(results, { rows: SCENARIOS, columns: ENGINES, conditions });
  writeFileSync(DOCUMENT, putResults(readFileSync(DOCUMENT, 'utf8'), text));
}
