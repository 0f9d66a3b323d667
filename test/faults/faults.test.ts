import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Sabotage } from './crowd.ts';
import type { Engine } from './engine.ts';
import { memory } from './engines/memory.ts';
import { nats } from './engines/nats.ts';
import { redis } from './engines/redis.ts';
import { zeromq } from './engines/zeromq.ts';
import type { Outcome } from './judge.ts';
import { bundlePrograms, type Programs } from './programs.ts';
import { countWrong } from './results.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { brokerKill } from './scenarios/broker-end.ts';
import { gatewayKill } from './scenarios/gateway-kill.ts';
import { partitionLive } from './scenarios/partition.ts';
import { publisherKill } from './scenarios/publisher-kill.ts';
import { rollback } from './scenarios/rollback.ts';
import { trimmed } from './scenarios/trimmed.ts';
import { createScope } from './scope.ts';
import { SIZES } from './sizes.ts';

const TIMEOUT = { timeout: 240_000 };

const bundled = createScope();
let programs: Programs;
beforeAll(async () => {
  programs = await bundlePrograms(bundled);
});
afterAll(() => bundled.close());

async function run(scenario: Scenario, engine: Engine, sabotage?: Sabotage): Promise<Outcome> {
  const scope = createScope();
  onTestFinished(scope.close);
  const size = SIZES.part as NonNullable<(typeof SIZES)[string]>;
  return runScenario(scope, { engine, scenario, size, programs, ...(sabotage && { sabotage }) });
}

/** The part of `make faults` that every change is tried with: what bites most for its time. */
test.each([
  { scenario: gatewayKill, engine: nats },
  { scenario: brokerKill, engine: redis },
  { scenario: brokerKill, engine: zeromq },
  { scenario: partitionLive, engine: redis },
  { scenario: publisherKill, engine: nats },
  { scenario: trimmed, engine: redis },
  { scenario: rollback, engine: nats },
])('$scenario.name of real processes on $engine.name breaks no promise', TIMEOUT, async ({ scenario, engine }) => {
  const outcome = await run(scenario, engine);
  expect(outcome.faults).toEqual([]);
  expect(countWrong(outcome)).toBe(0);
});

test('a screen that drops one entry of a real run is caught', TIMEOUT, async () => {
  const quiet: Scenario = { name: 'nothing', says: 'nothing', gaps: () => 'none', run: async () => undefined };
  const { counts, faults } = await run(quiet, memory, { dropAt: 5 });
  expect(counts.lost).toBeGreaterThan(0);
  expect(faults[0]).toMatch(/^lost: /);
});
