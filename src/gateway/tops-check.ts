import type { Broker } from '../broker/index.ts';
import { awaitWithin, type Clock, type LogName, type Position, type Stop } from '../protocol/index.ts';

/** Asks for the ends of logs when the live end broke, until they are had. */
export interface TopsCheck {
  /** Adds logs to what is asked for. One asking is under way at a time, however often the live end breaks meanwhile. */
  ask(logs: Iterable<LogName>): void;
  stop(): void;
}

/** What a check runs on. */
export interface TopsCheckOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  /** How long the broker may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether a log's end is still of interest. */
  readonly isWanted: (log: LogName) => boolean;
  readonly onTop: (log: LogName, top: Position) => void;
  readonly onFailure: (error: unknown) => void;
}

/** How many are asked for at once. */
const BATCH_LOGS = 1_000;
const RETRY_MS = 1_000;

/** Creates a check that has nothing to ask. */
export function createTopsCheck(options: TopsCheckOptions): TopsCheck {
  const { broker, clock, timeoutMs, isWanted, onTop, onFailure } = options;
  /** A log that is added while its end is on its way is asked for again: the answer may be from before. */
  const pending = new Set<LogName>();
  let isAsking = false;
  let isStopped = false;
  let stopRetry: Stop | undefined;

  function askNext(): void {
    if (isAsking || isStopped || stopRetry) return;
    const batch: LogName[] = [];
    for (const log of pending) {
      if (batch.length === BATCH_LOGS) break;
      pending.delete(log);
      if (isWanted(log)) batch.push(log);
    }
    if (batch.length === 0) return;
    isAsking = true;
    awaitWithin(clock, timeoutMs, () => broker.tops(batch)).then(take, (error) => retryLater(batch, error));
  }

  function take(tops: ReadonlyMap<LogName, Position>): void {
    isAsking = false;
    if (isStopped) return;
    for (const [log, top] of tops) onTop(log, top);
    askNext();
  }

  function retryLater(batch: readonly LogName[], error: unknown): void {
    isAsking = false;
    if (isStopped) return;
    onFailure(error);
    for (const log of batch) pending.add(log);
    stopRetry = clock.after(RETRY_MS, () => {
      stopRetry = undefined;
      askNext();
    });
  }

  return {
    ask(logs) {
      for (const log of logs) if (isWanted(log)) pending.add(log);
      askNext();
    },
    stop() {
      isStopped = true;
      stopRetry?.();
    },
  };
}
