import { randomUUID } from 'node:crypto';
import { joinLogName } from '../protocol/index.ts';
import type { Broker } from './broker.ts';
import { createFollower, createListener } from './conformance/follower.ts';
import { KEEPING } from './conformance/keeping.ts';
import { LIVE } from './conformance/live.ts';
import { persist } from './conformance/patience.ts';
import { RESUMING } from './conformance/resuming.ts';
import { type BrokerFaults, entryOf, type World } from './conformance/world.ts';

export type { BrokerFaults } from './conformance/world.ts';

/** One claim about a broker. `run` rejects, saying what it saw, when the claim does not hold. */
export interface ConformanceCase {
  readonly name: string;
  /** Makes a broker, tries the claim, and closes what it made. */
  readonly run: () => Promise<void>;
}

/** How a suite is run. */
export interface ConformanceOptions {
  /**
   * Longest wait for an entry that must come, in milliseconds: longer than the engine takes to find a cut and mend it. Only
   * a claim that fails waits so long; the test runner's own limit must be above it.
   * @default 10_000
   */
  readonly patienceMs?: number;
}

/**
 * Everything that a broker must do, as cases for any test runner. Each makes a broker of its own, uses logs that nobody
 * used before, and closes what it made; so a shared server will do, but run them one after another: `faults` hit all of it.
 *
 * @example
 * for (const { name, run } of conformance(() => createMyBroker(url), faults)) test(name, run);
 */
export function conformance(
  createBroker: () => Promise<Broker> | Broker,
  faults: BrokerFaults,
  { patienceMs = 10_000 }: ConformanceOptions = {},
): ConformanceCase[] {
  return Object.entries({ ...KEEPING, ...RESUMING, ...LIVE }).map(([name, claim]) => ({
    name,
    run: async () => {
      const opened = new Set<Broker>();
      const own = (broker: Broker) => {
        opened.add(broker);
        return broker;
      };
      const openBroker = async () => own(await createBroker());
      try {
        await claim(createWorld({ broker: await openBroker(), faults, patienceMs, openBroker, own }));
      } finally {
        // A broker that can't close fails a claim of its own, and must not hide why another failed.
        await Promise.allSettled([...opened].map((broker) => broker.close()));
      }
    },
  }));
}

function createWorld(parts: Pick<World, 'broker' | 'faults' | 'patienceMs' | 'openBroker' | 'own'>): World {
  const { broker, patienceMs } = parts;
  const id = randomUUID().slice(0, 13);
  return {
    ...parts,
    name: (...segments) => joinLogName('channel', ['conformance', id, ...segments]),
    nameRun: () => joinLogName('run', ['conformance', 'task', id]),
    async say(log, ...keys) {
      for (const key of keys) await persist(patienceMs, () => broker.append(log, entryOf(key)));
    },
    async readAll(log, after) {
      const { entries, gap } = await broker.read(log, after, 10_000);
      if (gap) throw new Error(`Reading "${log}" after "${after}" is a gap: ${gap}`);
      return entries;
    },
    async topOf(log) {
      const top = (await broker.tops([log])).get(log);
      if (top === undefined) throw new Error(`"${log}" has no top`);
      return top;
    },
    listen: (log) => createListener(broker, log, patienceMs),
    follow: (log, after) => createFollower(broker, log, after, patienceMs),
  };
}
