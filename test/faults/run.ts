import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Size } from './cast.ts';
import type { Sabotage } from './crowd.ts';
import type { Engine } from './engine.ts';
import { createBrokenOutcome, judgeRun, type Outcome } from './judge.ts';
import { readLedgers } from './ledger.ts';
import type { Programs } from './programs.ts';
import type { Scenario } from './scenario.ts';
import { createScope, type Scope } from './scope.ts';
import { openStage } from './stage.ts';

/** What a run is given. */
export interface RunOptions {
  readonly engine: Engine;
  readonly scenario: Scenario;
  readonly size: Size;
  readonly programs: Programs;
  readonly sabotage?: Sabotage;
}

/** Where the ledgers of a run are kept in which something was wrong. */
const KEPT = '.cache/faults';
/** No run may take longer; each of its waits has a limit of its own. */
const LIMIT_MS = 600_000;
/** More than any run says. */
const ALL_ENTRIES = 100_000;

/**
 * Runs one scenario on one engine, and judges it; what ends it early is a fault of the run. All that it started has ended
 * then; the outer scope ends it earlier.
 */
export async function runScenario(outer: Scope, options: RunOptions): Promise<Outcome> {
  const scope = createScope();
  outer.defer(scope.close);
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-faults-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    const outcome = await Promise.race([playScenario(scope, folder, options), limit]).catch(createBrokenOutcome);
    if (outcome.faults.length > 0) {
      cpSync(folder, join(KEPT, `${options.engine.name}-${options.scenario.name}`), { recursive: true });
    }
    return outcome;
  } finally {
    clearTimeout(timer);
    await scope.close();
  }
}

async function playScenario(scope: Scope, folder: string, options: RunOptions): Promise<Outcome> {
  const { engine, scenario, programs, sabotage } = options;
  const { hasFronts } = scenario;
  const maxEntries = engine.ownMaxEntries ?? scenario.maxEntries ?? ALL_ENTRIES;
  const size = scenario.resize?.(options.size) ?? options.size;
  const env = scenario.prepare?.(folder);
  const stage = await openStage(scope, { engine, size, maxEntries, programs, folder, sabotage, hasFronts, env });
  await stage.publish();
  await stage.untilPublished(size.entriesAround);
  const findFaults = await scenario.run(stage);
  await stage.untilPublished(size.entriesAround);
  await stage.pause();
  await stage.untilDone();
  stage.record.noteHealed();
  const { history, sightings } = readLedgers(folder);
  const expected = { keeping: scenario.keeping?.(engine) ?? 'all', gaps: scenario.gaps(engine) };
  const outcome = judgeRun(history, stage.record, expected);
  return { ...outcome, faults: [...outcome.faults, ...(findFaults?.(sightings) ?? [])] };
}
