import type {
  ActionAnswer,
  ActionArguments,
  ActionName,
  Refused,
  RefusedCode,
  StateOf,
  Store,
  StoreSnapshot,
} from '../../contract/index.ts';
import type { LogName, Stop } from '../../protocol/index.ts';

/**
 * Why an action was rolled back: what the backend refused by, or
 * - `signed-out`, `user-changed`: whoever did it is no longer there; it may have been applied.
 * - `not-found`: there is no such store. Where it, or `not-allowed`, says that a store is lost to its user, the same.
 * - `invalid-request`: the backend could not read the request; a fault in the app.
 * - `too-large`: its input is over 60,000 bytes.
 * - `overloaded`: 100 actions of this store wait already.
 * - `too-many-logs`: the page follows 128 already.
 */
export type RolledBackCode =
  | RefusedCode
  | 'signed-out'
  | 'user-changed'
  | 'not-found'
  | 'invalid-request'
  | 'too-large'
  | 'overloaded'
  | 'too-many-logs';

/** What became of an action: it is in the state of `version`, or was rolled back. */
export type Dispatched = ActionAnswer<RolledBackCode>;

/** An action that was shown and is no longer. */
export interface RolledBack extends Refused<RolledBackCode> {
  readonly name: string;
  readonly input: unknown;
}

/** Why a page gets no state; a new subscription asks again. */
export type StoreFault = 'not-allowed' | 'not-found' | 'signed-out' | 'too-many-logs';

/** How what is shown stands to the backend's state. A new object when something in it changed. */
export interface StoreSync {
  /** The version of the confirmed state below what is shown; undefined before the first snapshot. */
  readonly version: number | undefined;
  /** Actions that are shown and not confirmed. */
  readonly pending: number;
  /** The backend may have a newer state: nothing came yet, the connection is not live, or a snapshot is needed. An entry that is late by a moment is none. */
  readonly stale: boolean;
  /** The latest action of this user that was rolled back, a new object each time; undefined while none was. */
  readonly rolledBack: RolledBack | undefined;
  /** Why there is no state, or no newer one; undefined while all is well. */
  readonly fault: StoreFault | undefined;
}

/** What a page shows of a store, at one moment: state and sync change together. A new object when one of them did. */
export interface StoreView<State> {
  /** With all pending actions applied; undefined before the first snapshot. The same object while nothing in it changed. Never alter it. */
  readonly state: State | undefined;
  readonly sync: StoreSync;
}

/**
 * One store, as this page follows it. `subscribe` and `get` are a pair for `useSyncExternalStore`: after each call of a listener
 * `get` gives another object, and only then.
 */
export interface ClientStore<S extends Store = Store> {
  readonly log: LogName;
  /** What the page shows now. */
  get(): StoreView<StateOf<S>>;
  /**
   * Calls back after each change. The store is followed while it has listeners or pending actions, and `lingerMs` longer. The
   * client connects with the first.
   */
  subscribe(listener: () => unknown): Stop;
  /**
   * Shows an action at once and says it to the backend: one request at a time, what is dispatched meanwhile in the next, in the
   * order of these calls, each applied once however often the network loses it. Resolves when it is in the confirmed
   * state, or rolled back; never rejects.
   * @throws {RangeError} when the store has no such action
   * @throws {TypeError} when the input has no JSON
   */
  dispatch<Name extends ActionName<S>>(name: Name, ...input: ActionArguments<S, Name>): Promise<Dispatched>;
  /**
   * Takes a server's snapshot of this store in place of a first fetch, and goes on from its version. Without effect when it has as new
   * a state, and for undefined: `flow.snapshot` leaves out what its user may not read.
   */
  hydrate(snapshot: StoreSnapshot<StateOf<S>> | undefined): void;
}

/** What a page shows of a snapshot before its client took it: on a server, and in the first render of a browser. */
export function createSnapshotView<State>({ state, version }: StoreSnapshot<State>): StoreView<State> {
  return { state, sync: { version, pending: 0, stale: true, rolledBack: undefined, fault: undefined } };
}

/** What a page shows of a store that it does not follow. */
export const NO_VIEW: StoreView<never> = {
  state: undefined,
  sync: { version: undefined, pending: 0, stale: true, rolledBack: undefined, fault: undefined },
};
