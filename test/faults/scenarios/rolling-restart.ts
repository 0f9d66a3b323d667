import { DRAIN_WINDOW_MS } from '../gateway.ts';
import { readSharedMs, type Sighting } from '../ledger.ts';
import type { Scenario } from '../scenario.ts';

/** The middle half of those who leave a gateway takes at least this part of its window; drawn evenly it takes nine times as much. */
const LEAST_SPREAD = 0.025;

/** All gateways are restarted, one after the other, as a new version is brought out. */
export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  says: 'a rolling restart of the gateways by SIGTERM',
  fits: ({ isEmbedded }) => !isEmbedded,
  gaps: () => 'none',
  async run(stage) {
    const began = readSharedMs();
    const drains: { readonly from: number; readonly to: number }[] = [];
    for (const gateway of stage.gateways) {
      const from = readSharedMs();
      stage.record.mark();
      await stage.endGateway(gateway, 'SIGTERM');
      drains.push({ from, to: readSharedMs() });
      await stage.startGateway(gateway);
      await stage.untilLive();
    }
    return (sightings) => {
      const seen = sightings.filter(({ ms }) => ms >= began);
      return [
        ...findRestless(seen, stage.gateways.length),
        ...findTwofold(sightings),
        ...drains.flatMap(({ from, to }) => findHerd(seen.filter(({ ms }) => ms >= from && ms <= to))),
      ];
    };
  },
};

/** Screens that came back more often than there were gateways to leave. */
function findRestless(seen: readonly Sighting[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const { type, follower } of seen) {
    if (type === 'opened') counts.set(follower, (counts.get(follower) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > most)
    .map(([follower, count]) => `restless: ${follower} connected ${count} times while ${most} gateways were restarted`);
}

/** Screens that were at two gateways at a time. */
function findTwofold(sightings: readonly Sighting[]): string[] {
  const places = new Map<string, number>();
  const found: string[] = [];
  for (const { type, follower, gateway } of sightings) {
    if (type === 'ended') {
      if (places.get(follower) === gateway) places.delete(follower);
      continue;
    }
    if (places.has(follower))
      found.push(`twofold: ${follower} came to ${gateway} while it was at ${places.get(follower)}`);
    places.set(follower, gateway);
  }
  return found;
}

/** A gateway whose screens all left in one moment. */
function findHerd(seen: readonly Sighting[]): string[] {
  const times = seen.filter(({ type }) => type === 'ended').map(({ ms }) => ms);
  const [early = 0, late = 0] = [times[Math.floor(times.length / 4)], times[Math.floor((times.length * 3) / 4)]];
  if (times.length < 8 || late - early >= DRAIN_WINDOW_MS * LEAST_SPREAD) return [];
  return [`herd: half of ${times.length} screens left a gateway within ${Math.round(late - early)} ms`];
}
