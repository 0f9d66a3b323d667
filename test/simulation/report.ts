import type { FileBranches } from './branches.ts';
import type { Catch, Failure, Tally } from './campaign.ts';
import { MANNER_NAMES } from './manners.ts';

/** How far a run is. */
export function formatProgress(tally: Tally, count: number, elapsedMs: number): string {
  const { seeds, deliveries, failures } = tally;
  const speed = Math.round(seeds / (elapsedMs / 1_000));
  return `${number(seeds)} of ${number(count)} seeds · ${speed} a second · ${number(deliveries)} deliveries · ${failures.length} failing`;
}

/** What a run came to. */
export function formatTally(tally: Tally, elapsedMs: number): string {
  const { counts } = tally;
  const gaps = ['reset', 'trimmed'].map(
    (reason) => `${number((counts[`gap ${reason}`] ?? 0) + (counts[`gap ${reason} while live`] ?? 0))} ${reason}`,
  );
  const met = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '',
    ...met.map(([what, count]) => `${number(count).padStart(12)}  ${what}`),
    '',
    `${number(tally.seeds)} seeds in ${(elapsedMs / 1_000).toFixed(1)} s, ${Math.round(tally.seeds / (elapsedMs / 1_000))} a second (variants included)`,
    `${number(tally.acknowledged)} acknowledged entries, ${number(tally.deliveries)} deliveries, ${number(counts.resumes ?? 0)} resumes`,
    `gaps sent: ${gaps.join(', ')}; slowest recovery ${(tally.slowestRecoveryMs / 1_000).toFixed(0)} s of virtual time`,
    `${number(tally.failures.length)} seeds failing`,
  ].join('\n');
}

/** A seed that failed, and how to see it again. */
export function formatFailure({ seed, manner, breach, breachCount }: Failure): string {
  return `FAILING seed ${seed} (${manner}): ${breach}${breachCount > 1 ? ` and ${breachCount - 1} more` : ''}\n  replay: make simulate SEED=${seed} MANNER=${manner}`;
}

/** What each manner came to. */
export function formatManners({ manners }: Tally): string {
  const rows = MANNER_NAMES.map((name) => {
    const { seeds, deliveries, gaps } = manners[name] ?? { seeds: 0, deliveries: 0, gaps: 0 };
    return name.padEnd(12) + [seeds, deliveries, gaps].map((count) => number(count).padStart(14)).join('');
  });
  return ['', `${'manner'.padEnd(12)}         seeds    deliveries          gaps`, ...rows].join('\n');
}

/** Which variants were caught, and how soon. */
export function formatVariants(variants: readonly Catch[]): string {
  const rows = variants.map(({ name, manner, seeds, breach }) => {
    const result = breach === undefined ? 'NOT CAUGHT' : breach.slice(0, breach.indexOf(':'));
    return `${name.padEnd(64)}${manner.padEnd(9)}${String(seeds).padStart(6)}  ${result}`;
  });
  return ['', `${'variant: a check taken away'.padEnd(64)}manner   seeds  caught as`, ...rows, ''].join('\n');
}

/** How often the branches of the machines were taken. */
export function formatBranches(files: readonly FileBranches[]): string {
  const rows = files.flatMap(({ file, branchCount, untaken, seldom }) => [
    `${file}: ${branchCount - untaken.length} of ${branchCount} branches taken`,
    ...untaken.map((code) => `           0  ${code}`),
    ...seldom.map(({ code, count }) => `${number(count).padStart(12)}  ${code}`),
  ]);
  return ['', ...rows].join('\n');
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
