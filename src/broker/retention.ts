import { kindOf, type LogName } from '../protocol/index.ts';

/** How long a kind of log keeps its entries: until any bound is passed. */
export interface Retention {
  /** Newest entries kept. */
  readonly maxEntries: number;
  /** Bytes of data kept. */
  readonly maxBytes: number;
  /** Age, in milliseconds, after which an entry goes. */
  readonly maxAgeMs: number;
}

/** Retention that an app may set, by kind; what it leaves out keeps its default. */
export interface RetentionOptions {
  /** `everyone`, users, channels and stores. @default 1,000 entries, one hour, no bound in bytes */
  readonly messages?: Partial<Retention>;
  /** Task runs. @default 8 MiB, 24 hours, no bound in entries */
  readonly runs?: Partial<Retention>;
}

const HOUR_MS = 3_600_000;
const MESSAGES: Retention = { maxEntries: 1_000, maxBytes: Number.POSITIVE_INFINITY, maxAgeMs: HOUR_MS };
const RUNS: Retention = { maxEntries: Number.POSITIVE_INFINITY, maxBytes: 8 * 1_048_576, maxAgeMs: 24 * HOUR_MS };
/** Longer than the longest token lives (24 h), so that no revocation goes before its token. */
const REVOCATIONS: Retention = { ...RUNS, maxBytes: Number.POSITIVE_INFINITY, maxAgeMs: 25 * HOUR_MS };

/** The function that says how long a log keeps its entries. */
export function createRetention(options: RetentionOptions): (log: LogName) => Retention {
  const messages = { ...MESSAGES, ...options.messages };
  const runs = { ...RUNS, ...options.runs };
  for (const [name, bound] of [messages, runs].flatMap(Object.entries<number>)) {
    if (!(bound > 0)) throw new RangeError(`Cannot keep logs: retention ${name} is ${bound}, it must be above 0`);
  }
  return (log) => {
    const kind = kindOf(log);
    if (kind === 'run') return runs;
    return kind === 'control' ? REVOCATIONS : messages;
  };
}
