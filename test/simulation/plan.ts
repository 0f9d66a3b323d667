import { EVERYONE, joinLogName, type LogName, userLog } from 'message-flow/protocol';
import type { Habits, MannerName } from './manners.ts';
import type { SeededRandom } from './random.ts';

/** What may go wrong on purpose, beside what goes wrong by rate. */
const FAULTS = [
  'roll-back',
  'restart',
  'trim',
  'empty',
  'expire',
  'cut-live',
  'part-gateway',
  'kill-gateway',
  'drain-gateway',
  'cut-socket',
  'darken-socket',
  'stall-socket',
  'reload',
  'follow-again',
  'wake',
  'leave',
  'arrive',
  'burst',
] as const;

/** What users do to their pages; drawn apart, by `page-faults.ts`. */
export const PAGE_FAULTS = ['close', 'sign-in', 'sign-out', 'crash', 'lose-places'] as const;

/** One kind of fault. */
export type FaultKind = (typeof FAULTS)[number] | (typeof PAGE_FAULTS)[number];

/** How one run is: drawn from its seed, a subset of all that may happen. */
export interface Plan {
  readonly manner: MannerName;
  readonly habits: Habits;
  readonly logs: readonly LogName[];
  readonly gatewayCount: number;
  readonly clientCount: number;
  readonly appendCount: number;
  /** Longest data, in bytes. */
  readonly maxDataBytes: number;
  /** From the first append to the healing, in milliseconds. */
  readonly activeMs: number;
  readonly faults: readonly { readonly kind: FaultKind; readonly ms: number }[];
  readonly engine: {
    /** What its offsets are multiples of: engines differ, and only the contiguous ones count by one. */
    readonly stride: number;
    /** Whether an entry says its predecessor's tag. */
    readonly hasTags: boolean;
    /** How often an entry does not know its predecessor. */
    readonly unknownPrevious: number;
    readonly tellsPlace: boolean;
    readonly firstOffset: number;
  };
  readonly retention: { readonly maxEntries: number; readonly maxBytes: number; readonly maxAgeMs: number };
  readonly live: {
    readonly loss: number;
    readonly repeat: number;
    readonly maxDelayMs: number;
    readonly tailCheckMs: number;
  };
  readonly calls: {
    readonly maxMs: number;
    readonly readFailure: number;
    readonly tailFailure: number;
    readonly topsFailure: number;
  };
  readonly publishing: { readonly requestLoss: number; readonly answerLoss: number; readonly maxMs: number };
  readonly network: { readonly maxMs: number; readonly roomBytes: number; readonly tokenFailure: number };
  readonly gateway: {
    readonly readLimit: number;
    readonly lingerMs: number;
    readonly maxRingEntries: number;
    readonly maxRingBytes: number;
    readonly maxMemoryBytes: number;
    readonly maxReads: number;
    readonly heartbeatMs: number;
  };
  readonly tokenLifeMs: number;
}

/** The user of a simulated world; its clients are this user's tabs. */
export const USER = 'u';
/** Who may sign in on one of them. */
export const GUEST = 'v';

const CHANNEL = joinLogName('channel', ['c']);
const RUN = joinLogName('run', [USER, 't', 'r']);

/** Draws a plan: each fault and each rate is in it or not, so that rare mixes are met and rare faults are not drowned. */
export function drawPlan(random: SeededRandom): Plan {
  const { between, chance, pick } = random;
  const rate = (probability: number, most: number) => (chance(probability) ? random.next() * most : 0);
  const activeMs = pick([4_000, 12_000, 40_000]);
  const faults = drawFaults(random, activeMs);
  const readLimit = pick([1_000, 1_000, 10, 3, 1]);
  // A page must fit, or nothing moves.
  const maxMemoryBytes = readLimit <= 10 ? pick([1_000_000, 9_000]) : 10_000_000;
  const logs = [userLog(USER), EVERYONE, ...pick([[], [CHANNEL], [RUN]])];
  return {
    ...{ manner: 'any', habits: {} },
    logs,
    gatewayCount: between(1, 3),
    clientCount: between(1, 5),
    appendCount: between(30, 80),
    maxDataBytes: maxMemoryBytes > 100_000 && chance(0.05) ? 40_000 : 600,
    activeMs,
    faults,
    engine: {
      stride: pick([1, 1, 1, 7]),
      // A known limit: without tags, live entries from before a rollback join what is read after it, until a gap tells.
      hasTags: faults.some(({ kind }) => kind === 'roll-back') || chance(0.5),
      unknownPrevious: rate(0.25, 0.5),
      tellsPlace: chance(0.85),
      firstOffset: pick([0, 0, 0, 5]),
    },
    retention: {
      maxEntries: pick([1_000, 1_000, 20, 8, 3]),
      maxBytes: pick([1_000_000, 1_000_000, 400]),
      maxAgeMs: pick([3_600_000, 3_600_000, 20_000, 5_000, 1_000]),
    },
    live: {
      loss: rate(0.5, 0.3),
      repeat: rate(0.4, 0.2),
      maxDelayMs: pick([1, 10, 200]),
      tailCheckMs: pick([200, 1_000, 5_000]),
    },
    calls: {
      maxMs: pick([1, 20, 400]),
      readFailure: rate(0.3, 0.4),
      tailFailure: rate(0.2, 0.3),
      topsFailure: rate(0.3, 0.4),
    },
    publishing: { requestLoss: rate(0.3, 0.3), answerLoss: rate(0.4, 0.3), maxMs: pick([2, 50, 3_000]) },
    network: { maxMs: pick([1, 20, 300]), roomBytes: pick([65_536, 65_536, 500, 100]), tokenFailure: rate(0.2, 0.3) },
    gateway: {
      readLimit,
      lingerMs: pick([60_000, 2_000, 1]),
      maxRingEntries: pick([1_000, 1_000, 10, 2]),
      maxRingBytes: pick([1_000_000, 1_000_000, 2_000]),
      maxMemoryBytes,
      maxReads: pick([16, 16, 2, 1]),
      heartbeatMs: pick([25_000, 5_000]),
    },
    tokenLifeMs: pick([600_000, 600_000, 100_000]),
  };
}

function drawFaults(random: SeededRandom, activeMs: number): Plan['faults'] {
  const faults: { kind: FaultKind; ms: number }[] = [];
  for (const kind of FAULTS) {
    if (!random.chance(0.3)) continue;
    for (let left = random.between(1, 3); left > 0; left--) faults.push({ kind, ms: random.between(0, activeMs) });
  }
  return faults;
}
