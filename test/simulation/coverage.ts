/** What 20,000 seeds must have met, and how often at least: a branch that is never taken is not tested. */
const MUST_MEET: Readonly<Record<string, number>> = {
  resumes: 100_000,
  live: 100_000,
  'caught up from a read': 20_000,
  'caught up from what another read': 20_000,
  'went on from one stretch to another': 5_000,
  'live, went on in another stretch': 5_000,
  'nothing to take yet': 50_000,
  'entries joined': 50_000,
  'gap reset': 5_000,
  'gap reset while live': 5_000,
  'gap trimmed': 5_000,
  'gap trimmed while live': 2_000,
  interrupted: 20_000,
  'live entry lost': 20_000,
  'live entry repeated': 10_000,
  'live entry of an older connection': 500,
  'log expired': 50,
  'slow reader cut': 200,
  'live reader overtaken': 100,
  'read failed': 10_000,
  'tail failed': 5_000,
  'tops failed': 2_000,
  'socket full': 20_000,
  'delivered late': 100_000,
  'gateway closed: 1001': 100,
  'gateway closed: 1006': 2_000,
  'gateway closed: 4413': 100,
  'client live: draining': 2_000,
  'client live: silent': 2_000,
  'client offline: token-unavailable': 500,
  'client offline: stopped': 2_000,
  'client signed-out: signed-out': 2_000,
  'another user': 500,
  'gateway closed: 4409': 500,
  'fault: crash': 2_000,
  'fault: lose-places': 2_000,
};

/** Names what was met too seldom. */
export function findUnmet(counts: Readonly<Record<string, number>>, seeds: number): string[] {
  const share = seeds / 20_000;
  return Object.entries(MUST_MEET)
    .filter(([what, least]) => (counts[what] ?? 0) < least * share)
    .map(([what, least]) => `${what}: ${counts[what] ?? 0} of ${Math.ceil(least * share)}`);
}
