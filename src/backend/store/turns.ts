import type { Clock, LogName } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';

/** Work on logs: one at a time a log, the rest in the order in which it came. */
export interface Turns {
  /**
   * Does the work at its turn. What does not come to its turn in time is never begun; what does not end in time goes on by itself, and
   * lets the next begin.
   * @throws {FlowError} `unavailable` when it is not done in time, `overloaded` when too much waits, `closed`; or what it rejects with
   */
  take<T>(log: LogName, work: () => Promise<T>): Promise<T>;
  /** Begins no more: what waits is `closed`. Resolves when what has its turn is done, or its time over; undefined: nothing has. */
  close(): Promise<void> | undefined;
}

/** Longest wait for a turn and its end, in milliseconds. */
export const TURN_TIMEOUT_MS = 10_000;
/** Most that waits for one log. */
const MAX_WAITING = 100;

/** Creates turns that nobody has. */
export function createTurns(clock: Clock): Turns {
  /** By log, what waits behind the one that has its turn. */
  const queues = new Map<LogName, (() => void)[]>();
  const closers: (() => void)[] = [];
  let isClosed = false;

  function pass(log: LogName): void {
    const next = queues.get(log)?.shift();
    if (next) next();
    else queues.delete(log);
    if (queues.size === 0) for (const close of closers.splice(0)) close();
  }

  async function refuse(log: LogName): Promise<never> {
    throw new FlowError('closed', `Cannot run actions on "${log}": the flow is closed`);
  }

  return {
    take: (log, work) =>
      new Promise((resolve, reject) => {
        const waiting = queues.get(log);
        if (waiting && waiting.length >= MAX_WAITING) {
          reject(new FlowError('overloaded', `Cannot run actions on "${log}": ${MAX_WAITING} requests wait for it`));
          return;
        }
        let hasTurn = false;
        const stop = clock.after(TURN_TIMEOUT_MS, () => {
          const state = hasTurn ? 'its database gave no answer' : 'it was not its turn';
          reject(new FlowError('unavailable', `Cannot use "${log}": ${state} within ${TURN_TIMEOUT_MS} ms`));
          if (hasTurn) pass(log);
          else waiting?.splice(waiting.indexOf(begin), 1);
          hasTurn = false;
        });
        function begin(): void {
          hasTurn = true;
          (isClosed ? refuse(log) : work())
            .finally(() => {
              stop();
              if (hasTurn) pass(log);
              hasTurn = false;
            })
            .then(resolve, reject);
        }
        if (waiting) waiting.push(begin);
        else {
          queues.set(log, []);
          begin();
        }
      }),
    close() {
      isClosed = true;
      return queues.size > 0 ? new Promise((resolve) => closers.push(resolve)) : undefined;
    },
  };
}
