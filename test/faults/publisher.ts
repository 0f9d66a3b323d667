import { setTimeout as delay } from 'node:timers/promises';
import { type Flow, FlowError } from 'message-flow/backend';
import type { LogName } from 'message-flow/protocol';
import { type app, audienceOf, LOGS } from './fault-app.ts';
import { type Ledger, readSharedMs } from './ledger.ts';

/** What was said to a log and not settled when its publisher died. */
export interface Pending {
  readonly log: LogName;
  readonly key: string;
}

/** How a publisher goes on. */
export interface Publishing {
  /** Between two entries of a log, in milliseconds. */
  readonly intervalMs: number;
  /** What an earlier process left open: said first, by the same keys. */
  readonly pending: readonly Pending[];
  /** What each entry carries beside its key, in bytes. */
  readonly fillerBytes: number;
}

/** Says numbered entries to all logs at once, to each one after the other, and notes what becomes of them. */
export interface Publisher {
  readonly acknowledgedCount: number;
  /** Begins, or goes on; does nothing while it is at it. */
  start(publishing: Publishing): void;
  /** Begins no more entries; resolves once all are settled. */
  pause(): Promise<void>;
}

/** Before what was not answered is said again, in milliseconds. */
const PATIENCE_MS = 100;

/** Creates a publisher that says nothing yet. */
export function createPublisher({
  name,
  flow,
  ledger,
}: {
  readonly name: string;
  readonly flow: Flow<typeof app>;
  readonly ledger: Ledger;
}): Publisher {
  /** Two processes of one name never use a key twice. */
  const life = Math.round(readSharedMs());
  const numbers = new Map<LogName, number>();
  let acknowledgedCount = 0;
  let isPaused = true;
  let filler = '';
  let saying: Promise<unknown> = Promise.resolve();

  async function say(log: LogName, key: string, isNew: boolean): Promise<void> {
    if (isNew) ledger.write({ type: 'invoked', ms: readSharedMs(), log, key }, true);
    for (;;) {
      try {
        const { at } = await audienceOf(flow, log).send('said', { key, filler }, { key });
        ledger.write({ type: 'acknowledged', ms: readSharedMs(), log, key, at }, true);
        acknowledgedCount++;
        return;
      } catch (error) {
        if (!(error instanceof FlowError) || !/^(?:unavailable|overloaded)$/.test(error.code)) throw error;
        ledger.write({ type: 'unknown', ms: readSharedMs(), log, key }, true);
        await delay(PATIENCE_MS);
      }
    }
  }

  async function sayAll(log: LogName, { intervalMs, pending }: Publishing): Promise<void> {
    for (const { key } of pending.filter((one) => one.log === log)) await say(log, key, false);
    while (!isPaused) {
      const number = (numbers.get(log) ?? 0) + 1;
      numbers.set(log, number);
      await say(log, `${name}-${life}-${number}`, true);
      await delay(intervalMs);
    }
  }

  return {
    get acknowledgedCount() {
      return acknowledgedCount;
    },
    start(publishing) {
      if (!isPaused) return;
      isPaused = false;
      filler = 'x'.repeat(publishing.fillerBytes);
      saying = Promise.all(LOGS.map((log) => sayAll(log, publishing)));
    },
    async pause() {
      isPaused = true;
      await saying;
    },
  };
}
