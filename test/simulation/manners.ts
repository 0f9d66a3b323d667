import type { FaultKind, Plan } from './plan.ts';
import { createSeededRandom } from './random.ts';

/** An engine as the simulator plays it. `any`: whatever an engine may be, drawn anew for each seed. */
export type MannerName = 'any' | 'memory' | 'zeromq' | 'nats' | 'redis' | 'rabbitmq';

/** What an engine does beside keeping logs; it does not do what is left out. */
export interface Habits {
  /** Engine and gateway are one process, and end together. */
  readonly isOneProcess?: boolean;
  /**
   * All logs are in one stream, numbered in it: places have holes between them, the end of an empty log moves on with the
   * others, and only what the stream holds tells what a place is worth. `counts`: each log has a bound of its own, live entries
   * name their predecessor's place without its tag, and none where it is gone. `segments`: the oldest of the whole stream go
   * together.
   */
  readonly stream?: 'counts' | 'segments';
  /** What finds no room on the live end is many entries in a row. */
  readonly losesInBursts?: boolean;
  /** The connection for live entries is cut when more than so many are under way on it. */
  readonly maxUnread?: number;
  /** Who follows reads the log itself: nothing is lost, but what goes before it is read. */
  readonly readsLive?: boolean;
  /** A connection for live entries that broke brings nothing any more; the next is made within so many milliseconds. */
  readonly reconnectMs?: number;
  /** Age is looked at when something is appended, and else only once all is too old. */
  readonly trimsAtAppend?: boolean;
}

/** How an engine differs from whatever is drawn. */
interface Manner {
  /** Faults that do not befall it: what would be a known limit of the design with it is a variant of its own. */
  readonly without: readonly FaultKind[];
  readonly gatewayCount?: number;
  readonly engine?: Partial<Plan['engine']>;
  readonly live?: Partial<Plan['live']>;
  readonly calls?: Partial<Plan['calls']>;
  readonly publishing?: Partial<Plan['publishing']>;
  readonly habits: Habits;
}

const NUMBERED = { stride: 1, hasTags: true, unknownPrevious: 0, tellsPlace: true, firstOffset: 0 };
const COMPLETE = { loss: 0, repeat: 0 };

/** The engines as they were measured; `docs/delivery.md` says what each keeps. */
const MANNERS: Readonly<Record<MannerName, Manner>> = {
  any: { without: [], habits: {} },
  memory: {
    without: ['roll-back', 'restart', 'cut-live', 'part-gateway', 'drain-gateway'],
    gatewayCount: 1,
    engine: NUMBERED,
    live: { ...COMPLETE, maxDelayMs: 0 },
    calls: { maxMs: 0, readFailure: 0, tailFailure: 0, topsFailure: 0 },
    publishing: { requestLoss: 0, answerLoss: 0 },
    habits: { isOneProcess: true },
  },
  zeromq: {
    without: ['roll-back'],
    engine: NUMBERED,
    live: { loss: 0.05, repeat: 0, tailCheckMs: 1_000 },
    habits: { losesInBursts: true, reconnectMs: 5_000 },
  },
  nats: {
    without: ['roll-back', 'expire'],
    engine: { tellsPlace: true },
    live: { loss: 0.02, repeat: 0, tailCheckMs: 10_000 },
    habits: { stream: 'counts', reconnectMs: 10_000 },
  },
  redis: {
    without: [],
    engine: NUMBERED,
    live: COMPLETE,
    habits: { maxUnread: 3, reconnectMs: 8_000, trimsAtAppend: true },
  },
  rabbitmq: {
    without: ['roll-back', 'expire'],
    engine: { tellsPlace: false },
    live: COMPLETE,
    habits: { stream: 'segments', readsLive: true, reconnectMs: 5_000 },
  },
};

/** All of them, in the order of reports. */
export const MANNER_NAMES: readonly MannerName[] = ['any', 'memory', 'zeromq', 'nats', 'redis', 'rabbitmq'];

/** Apart from what the seed else draws, so that a seed whose manner is said is the run that it was before there were manners. */
const MANNER_STREAM = 2 ** 32;

/** Draws a seed's manner. */
export function drawManner(seed: number): MannerName {
  return createSeededRandom(seed + MANNER_STREAM).pick(['any', 'any', ...MANNER_NAMES]);
}

/** Makes a drawn plan one of an engine with this manner. */
export function withManner(plan: Plan, name: MannerName): Plan {
  const { without, gatewayCount, engine, live, calls, publishing, habits } = MANNERS[name];
  return {
    ...plan,
    ...{ manner: name, habits },
    faults: plan.faults.filter(({ kind }) => !without.includes(kind)),
    gatewayCount: gatewayCount ?? plan.gatewayCount,
    engine: { ...plan.engine, ...engine },
    live: { ...plan.live, ...live },
    calls: { ...plan.calls, ...calls },
    publishing: { ...plan.publishing, ...publishing },
  };
}
