import type { Broker, Entry, Reading } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { until } from '../support/until.ts';

/** What a log holds now, as JSON. */
export interface Holding {
  readonly log: LogName;
  readonly top: Position;
  readonly entries: readonly Pick<Entry, 'key' | 'at' | 'previous'>[];
}

/** Looks at logs as no gateway does: straight at the broker, over no line. */
export interface Witness {
  tops(logs: readonly LogName[]): Promise<Map<LogName, Position>>;
  /** All that is kept. */
  read(logs: readonly LogName[]): Promise<Holding[]>;
}

const PAGE_ENTRIES = 1_000;
/** An engine that was just started may need longer than one call waits for it. */
const PATIENCE_MS = 60_000;

/** Creates a witness. */
export function createWitness(broker: Broker): Witness {
  async function readLog(log: LogName): Promise<Holding> {
    const entries: Holding['entries'][number][] = [];
    for (let after: Position | 'start' = 'start'; ; ) {
      const place: Position | 'start' = after;
      const ask = (): Promise<Reading | false> => broker.read(log, place, PAGE_ENTRIES).catch(() => false as const);
      const page = await until(ask, `${log} to be read`, PATIENCE_MS);
      for (const { key, at, previous } of page.entries) entries.push({ key, at, previous });
      const last = page.entries.at(-1)?.at;
      if (last === undefined || last === page.top) return { log, top: page.top, entries };
      after = last;
    }
  }
  return {
    tops: (logs) => broker.tops(logs),
    read: (logs) => Promise.all(logs.map(readLog)),
  };
}
