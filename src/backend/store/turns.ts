import type { Clock, LogName } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';

/** Work on logs: one at a time a log, the rest in the order in which it came. */
export interface Turns {
  /**
   * Does the work at its turn. What does not come to its turn in time is never begun; what does not end in time goes on by itself, and
   * lets the next begin.
   * @throws {FlowError} `unavailable` when it is not done in time, `overloaded` when too much waits; or what it rejects with
   */
  take<T>(log: LogName, work: () => Promise<T>): Promise<T>;
}

/** Longest wait for a turn and its end, in milliseconds. */
export const TURN_TIMEOUT_MS = 10_000;
/** Most that waits for one log. */
const MAX_WAITING = 100;

/** Creates turns that nobody has. */
export function createTurns(clock: Clock): Turns {
  /** By log, what waits behind the one that has its turn. */
  const queues = new Map<LogName, (() => void)[]>();

  function pass(log: LogName): void {
    const next = queues.get(log)?.shift();
    if (next) next();
    else queues.delete(log);
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
          work()
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
  };
}
