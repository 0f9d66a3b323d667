import type { Entry, Reading } from 'message-flow/broker';
import type { LogName, Position, StartPosition } from 'message-flow/protocol';
import type { Engine } from './engine.ts';
import type { Plan } from './plan.ts';

/**
 * Takes a check away from outside, at a port or on the wire, so that production code needs no switch for it. What is left
 * out is as it should be.
 */
export interface Sabotage {
  /** Changes how runs are drawn, so that the check is needed often enough. */
  readonly bend?: (plan: Plan) => Plan;
  /** An entry on the live path; `former` is the last one that this gateway got. Undefined: it vanishes unannounced. */
  readonly live?: (entry: Entry, former: Entry | undefined, isReading: boolean) => Entry | undefined;
  /** Instead of a read from the leader. */
  readonly read?: (engine: Engine, log: LogName, after: StartPosition, limit: number) => Reading;
  /** The engine checks no tail: it never says `interrupted`. */
  readonly isUnchecked?: boolean;
  /** A tail is said to deliver before it does, by so many milliseconds. */
  readonly attachDelayMs?: number;
  /** Reads of one log that are under way at once all get the answer of the first. */
  readonly isReadShared?: boolean;
  /** A frame of a gateway's. Undefined: it never comes. `mine` is where the client stands. */
  readonly frame?: (text: string, mine: (log: LogName) => StartPosition | undefined) => string | undefined;
  /** A frame of a client's. */
  readonly request?: (text: string) => string;
  /** What is written to a socket that is full is thrown away. */
  readonly dropsWhenFull?: boolean;
  /** A position of the token answer; undefined: left out. */
  readonly tokenPlace?: (log: LogName, at: Position) => Position | undefined;
  /** A reload begins from positions saved earlier than the last entry shown. */
  readonly isSavedLate?: boolean;
  /** A client that is connected again after it was closed goes on with the token that it had. */
  readonly keepsToken?: boolean;
  /** A client that is connected again after it was closed knows nothing of before. */
  readonly beginsAnew?: boolean;
  /** Places are not kept by user. */
  readonly sharesPlaces?: boolean;
  /** A key that a rollback lost may come to its old place when it is said again. */
  readonly takesOldPlaces?: boolean;
  /** Keys are forgotten at once, so that what is said again is stored again. */
  readonly forgetsKeys?: boolean;
  /** Keys are known only while their entries are kept. */
  readonly forgetsOldKeys?: boolean;
  /** A reader that was cut off for reading slowly does not say so once it is connected again. */
  readonly isCutUntold?: boolean;
  /** Who reads the live end, and was overtaken by what goes, takes the next entry for the one after its last. */
  readonly isJumpUnseen?: boolean;
}
