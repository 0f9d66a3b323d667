import { createHistoryCheck, type Verdict } from './check-history.ts';
import { createEngine } from './engine.ts';
import { befall, type Fleet } from './faults.ts';
import type { Fact } from './history.ts';
import { drawManner, type MannerName, withManner } from './manners.ts';
import { withPageFaults } from './page-faults.ts';
import { drawPlan, type Plan } from './plan.ts';
import { createPublishers } from './publishers.ts';
import { createSeededRandom } from './random.ts';
import type { Sabotage } from './sabotage.ts';
import { createSimulatedClient, type SimulatedClient } from './simulated-client.ts';
import { createSimulatedGateway, type SimulatedGateway } from './simulated-gateway.ts';
import { openLine } from './simulated-line.ts';
import { createStreamEngine } from './stream-engine.ts';
import { createTimeline } from './timeline.ts';
import type { World } from './world.ts';

/** What a seed came to. */
export interface Outcome {
  readonly seed: number;
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** What a machine threw; must be empty. */
  readonly errors: readonly unknown[];
  /** All followers were live, and at the top, in the end. */
  readonly isAtRest: boolean;
  /** Kept only when traced: most runs are looked at once, by the check alone. */
  readonly history: readonly Fact[];
  /** Virtual time from the healing until all followers were at the top, in milliseconds. */
  readonly recoveryMs: number;
}

/** How a run is watched. */
export interface SimulationOptions {
  /** How the engine behaves. @default what the seed draws */
  readonly manner?: MannerName;
  /** How much is drawn: 1, as it was before users did anything to their pages; 2, that too. @default 2 */
  readonly draws?: 1 | 2;
  readonly sabotage?: Sabotage;
  /** Called for everything that is counted. */
  readonly count?: (what: string) => void;
  /** Called with all that happens, facts too, one line each. */
  readonly trace?: (line: string) => void;
}

const START_MS = 1_000_000;
const LUCK_STREAM = 2 ** 33;
/** Longer than a silent gateway, its probe, and three of the longest waits. */
const RECOVERY_BOUND_MS = 240_000;
const LOOK_INTERVAL_MS = 250;
/** What is still under way when all seem to be at the top may yet show that they are not. */
const AFTERMATH_MS = 1_000;

/** Runs one seed: the same seed gives the same run, to the last frame. */
export async function simulate(
  seed: number,
  { manner = drawManner(seed), draws = 2, sabotage = {}, count = () => {}, trace }: SimulationOptions = {},
): Promise<Outcome> {
  const random = createSeededRandom(seed);
  const luck = createSeededRandom(seed + LUCK_STREAM);
  const drawn = withManner(drawPlan(random), manner);
  const met = draws === 1 ? drawn : withPageFaults(drawn, seed);
  const plan = sabotage.bend?.(met) ?? met;
  const timeline = createTimeline(START_MS);
  const check = createHistoryCheck();
  const history: Fact[] = [];
  const errors: unknown[] = [];
  const write = trace && ((line: string) => trace(`${timeline.now() - START_MS} ms  ${line}`));
  const note = (fact: Fact) => {
    if (write) write(`FACT ${history.push(fact) - 1} ${JSON.stringify(fact)}`);
    check.add(fact);
  };
  const keyWindowMs = sabotage.forgetsKeys ? 0 : 600_000;
  const world: World = {
    ...{ plan, random, luck, timeline, sabotage, note, count, trace: write },
    engine: (plan.habits.stream ? createStreamEngine : createEngine)({
      ...{ plan, random, luck, now: timeline.now, note, keyWindowMs },
      forgetsKeys: sabotage.forgetsOldKeys ?? false,
      takesOldPlaces: sabotage.takesOldPlaces ?? false,
    }),
    rates: { isOn: true },
    fail: (error) => errors.push(error),
  };

  const gateways: SimulatedGateway[] = [];
  const clients: SimulatedClient[] = [];
  const publishers = createPublishers(world);
  let gatewayCount = 0;
  function launch(): SimulatedGateway {
    const gateway = createSimulatedGateway(world, `g${++gatewayCount}`);
    if (plan.habits.isOneProcess) gateway.onKill(() => plan.logs.forEach(world.engine.restart));
    return gateway;
  }
  const fleet: Fleet = {
    gateways,
    clients,
    publishers,
    replaceGateway(gone) {
      const place = gateways.indexOf(gone);
      if (place >= 0) gateways[place] = launch();
    },
    addClient() {
      const connect = (events: Parameters<typeof openLine>[2]) => openLine(world, random.pick(gateways), events);
      clients.push(createSimulatedClient(world, `c${clients.length + 1}`, connect));
    },
  };

  world.engine.onStored((log, entry) => {
    for (const { broker } of gateways) broker.carry(log, entry);
  });
  for (const log of plan.logs) world.engine.top(log);
  for (let left = plan.gatewayCount; left > 0; left--) gateways.push(launch());
  for (let left = plan.clientCount; left > 0; left--) {
    timeline.at(START_MS + random.between(0, plan.activeMs / 4), fleet.addClient);
  }
  for (let left = plan.appendCount; left > 0; left--) {
    timeline.at(START_MS + random.between(0, plan.activeMs), publishers.publish);
  }
  for (const { kind, ms } of plan.faults) timeline.at(START_MS + ms, () => befall(kind, world, fleet));

  const healMs = START_MS + plan.activeMs;
  let doneMs = Number.POSITIVE_INFINITY;
  function look(): void {
    for (const client of clients) client.showRightUser();
    const isQuiet = publishers.openCount === 0 && clients.every((client) => client.isAtTop());
    if (isQuiet) doneMs = timeline.now();
    else timeline.at(timeline.now() + LOOK_INTERVAL_MS, look);
  }
  timeline.at(healMs, () => {
    world.rates.isOn = false;
    look();
  });
  await timeline.run(healMs + RECOVERY_BOUND_MS, () => timeline.now() >= doneMs + AFTERMATH_MS);
  world.engine.settleEnds();
  for (const client of clients) client.dismissAbsent();
  note({ type: 'healed', ms: timeline.now() });
  const outcome = { seed, plan, verdict: check.verdict(), errors, history };
  return { ...outcome, isAtRest: doneMs <= timeline.now(), recoveryMs: timeline.now() - healMs };
}
