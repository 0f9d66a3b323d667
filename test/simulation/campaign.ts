import { simulate } from './simulation.ts';
import type { Variant } from './variants.ts';

/** A seed that failed, and its first breach. */
export interface Failure {
  readonly seed: number;
  readonly breach: string;
  readonly breachCount: number;
}

/** What many seeds came to. */
export interface Tally {
  seeds: number;
  deliveries: number;
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
  readonly seeds: number;
  readonly breach: string | undefined;
}

/** Creates a tally of nothing. */
export function createTally(): Tally {
  return { seeds: 0, deliveries: 0, acknowledged: 0, gaps: 0, slowestRecoveryMs: 0, counts: {}, failures: [] };
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
}

/** Runs seeds one after another. */
export async function runSeeds(seeds: Iterable<number>): Promise<Tally> {
  const tally = createTally();
  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const seed of seeds) {
    const { verdict, errors, recoveryMs } = await simulate(seed, { count });
    tally.seeds++;
    tally.deliveries += verdict.deliveredCount;
    tally.acknowledged += verdict.acknowledgedCount;
    tally.gaps += verdict.gapCount;
    tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, recoveryMs);
    const breaches = [...errors.map((error) => `thrown: ${String(error)}`), ...verdict.violations.map(formatBreach)];
    const [breach] = breaches;
    if (breach !== undefined) tally.failures.push({ seed, breach, breachCount: breaches.length });
  }
  Object.assign(tally.counts, Object.fromEntries(counts));
  return tally;
}

/** Runs a variant until it is caught, or `most` seeds passed it. A machine that throws is not caught by the check. */
export async function catchVariant({ name, sabotage }: Variant, most: number): Promise<Catch> {
  for (let seed = 1; seed <= most; seed++) {
    const [first] = (await simulate(seed, { sabotage })).verdict.violations;
    if (first) return { name, seeds: seed, breach: formatBreach(first) };
  }
  return { name, seeds: most, breach: undefined };
}

function formatBreach(breach: { kind: string; log: string; follower: string; detail: string }): string {
  return `${breach.kind}: ${breach.follower} of ${breach.log}: ${breach.detail}`;
}
