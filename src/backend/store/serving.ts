import type {
  ActionInput,
  ActionName,
  OutputOf,
  ParamsOf,
  RecentAction,
  Schema,
  StateOf,
  Store,
} from '../../contract/index.ts';
import type { Identity } from '../identity.ts';

/** A store's state as an app's database has it. */
export interface StoredState<State> {
  /** JSON, as the store's type says. */
  readonly state: State;
  /** An integer from 0 up: 0 for a store that nobody saved yet, one more at each save, never lower again. */
  readonly version: number;
  /** What `save` was given with it; none or null for a store that nobody saved yet. */
  readonly recent?: readonly RecentAction[] | null | undefined;
}

/** What `save` writes, all three in one transaction. */
export interface NextState<State> extends StoredState<State> {
  /** The last 50 actions, opaque to apps: kept with the state, it makes an action that is said again one. */
  readonly recent: readonly RecentAction[];
}

/** An action that somebody asks for, its input checked. */
export type AskedAction<S extends Store> = {
  [Name in ActionName<S>]: { readonly name: Name; readonly input: ActionInput<S, Name> };
}[ActionName<S>];

/** How an app keeps a store. Each may be asynchronous; what throws, or gives nothing within 10 s, is a 503. */
export interface StoreServing<S extends Store> {
  /** Reads the state: of the primary, not of a replica that lags. Nothing: there is no such store, a 404. */
  load(
    params: ParamsOf<S['pattern']>,
  ): StoredState<StateOf<S>> | null | undefined | Promise<StoredState<StateOf<S>> | null | undefined>;
  /**
   * Writes the state if its version is still `expectedVersion`, and says whether it did. False: someone was faster, and the
   * actions are run again on what is there now.
   */
  save(
    params: ParamsOf<S['pattern']>,
    next: NextState<StateOf<S>>,
    expectedVersion: number,
  ): boolean | Promise<boolean>;
  /**
   * Says who may read the store, where `action` is undefined, and who may do an action. Anything but `true` refuses. Reading is
   * asked for at each token, snapshot and request of actions; then all actions of a request side by side, 50 at most.
   */
  allow(
    identity: Identity,
    params: ParamsOf<S['pattern']>,
    action: AskedAction<S> | undefined,
  ): boolean | Promise<boolean>;
  /**
   * Checks of inputs, by action: any Standard Schema, which stays on the server. What a schema makes of an input is what
   * the reducer gets. @default the store's own, which with `type<T>()` check nothing
   */
  readonly inputs?: { readonly [Name in ActionName<S>]?: Schema<unknown, OutputOf<S['actions'][Name]['input']>> };
}
