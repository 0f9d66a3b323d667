import { MANNER_NAMES, type MannerName } from './manners.ts';
import { simulate } from './simulation.ts';
import type { Variant } from './variants.ts';

/**
 * A seed, how its engine behaves if not as the seed draws, and how much was drawn: kept seeds are the runs that they were when
 * they failed.
 */
export interface Run {
  readonly seed: number;
  readonly manner?: MannerName;
  readonly draws?: 1 | 2;
}

/** A seed that failed, and its first breach. */
export interface Failure {
  readonly seed: number;
  readonly manner: MannerName;
  readonly breach: string;
  readonly breachCount: number;
}

/** What the runs of one manner came to. */
interface MannerTally {
  seeds: number;
  deliveries: number;
  gaps: number;
}

/** What many seeds came to. */
export interface Tally {
  seeds: number;
  deliveries: number;
  readonly manners: Partial<Record<MannerName, MannerTally>>;
  acknowledged: number;
  gaps: number;
  /** Longest time from the healing until all were at the top, in milliseconds. */
  slowestRecoveryMs: number;
  /** How often what was met. */
  readonly counts: Record<string, number>;
  readonly failures: Failure[];
}

/** How a variant was caught; undefined breach: it was not. */
export interface Catch {
  readonly name: string;
  readonly manner: MannerName;
  readonly seeds: number;
  readonly breach: string | undefined;
}

/** What the check can't see: who has all that there is, and goes on asking. */
const RESTLESS = 'restless: not all are live, and at the top, in the end';

/** Creates a tally of nothing. */
export function createTally(): Tally {
  return {
    seeds: 0,
    deliveries: 0,
    manners: {},
    acknowledged: 0,
    gaps: 0,
    slowestRecoveryMs: 0,
    counts: {},
    failures: [],
  };
}

/** Adds a tally to another. */
export function addTally(sum: Tally, part: Tally): void {
  sum.seeds += part.seeds;
  sum.deliveries += part.deliveries;
  sum.acknowledged += part.acknowledged;
  sum.gaps += part.gaps;
  sum.slowestRecoveryMs = Math.max(sum.slowestRecoveryMs, part.slowestRecoveryMs);
  for (const [what, count] of Object.entries(part.counts)) sum.counts[what] = (sum.counts[what] ?? 0) + count;
  sum.failures.push(...part.failures);
  for (const name of MANNER_NAMES) {
    const own = part.manners[name];
    if (own) addRun(sum, name, own);
  }
}

function addRun({ manners }: Tally, name: MannerName, { seeds, deliveries, gaps }: MannerTally): void {
  const own = manners[name] ?? { seeds: 0, deliveries: 0, gaps: 0 };
  manners[name] = own;
  own.seeds += seeds;
  own.deliveries += deliveries;
  own.gaps += gaps;
}

/** Runs seeds one after another. */
export async function runSeeds(runs: Iterable<Run>): Promise<Tally> {
  const tally = createTally();
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const { seed, ...options } of runs) {
    const { plan, verdict, errors, isAtRest, recoveryMs } = await simulate(seed, { ...options, count });
    addRun(tally, plan.manner, { seeds: 1, deliveries: verdict.deliveredCount, gaps: verdict.gapCount });
    tally.seeds++;
    tally.deliveries += verdict.deliveredCount;
    tally.acknowledged += verdict.acknowledgedCount;
    tally.gaps += verdict.gapCount;
    tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, recoveryMs);
    const breaches = [...errors.map((error) => `thrown: ${String(error)}`), ...verdict.violations.map(formatBreach)];
    if (!isAtRest) breaches.push(RESTLESS);
    const [breach] = breaches;
    if (breach !== undefined) tally.failures.push({ seed, manner: plan.manner, breach, breachCount: breaches.length });
  }
  Object.assign(tally.counts, Object.fromEntries(counts));
  return tally;
}

/** Runs a variant until it is caught, or `most` seeds passed it. A machine that throws is not caught by the check. */
export async function catchVariant({ name, sabotage }: Variant, manner: MannerName, most: number): Promise<Catch> {
  for (let seed = 1; seed <= most; seed++) {
    const [first] = (await simulate(seed, { manner, sabotage })).verdict.violations;
    if (first) return { name, manner, seeds: seed, breach: formatBreach(first) };
  }
  return { name, manner, seeds: most, breach: undefined };
}

function formatBreach(breach: { kind: string; log: string; follower: string; detail: string }): string {
  return `${breach.kind}: ${breach.follower} of ${breach.log}: ${breach.detail}`;
}
