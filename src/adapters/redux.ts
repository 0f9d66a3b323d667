import type { ClientStore, RolledBack, StoreView } from '../client/stores/index.ts';
import type { StateOf, Store } from '../contract/index.ts';
import type { LogName, Stop } from '../protocol/index.ts';

/** What is needed of a Redux store. */
export interface ReduxStoreLike {
  /** As `Store.dispatch`. */
  dispatch(action: LaneAction): unknown;
}

/**
 * Where a change of a followed store comes from: the backend; this page, shown and not yet confirmed; or the backend's
 * refusal of what was shown.
 */
export type Lane = 'server' | 'pending' | 'rolled back';

/** A change of a followed store, as Redux and its DevTools see it: their list shows the lane, the log, and what was done. */
export interface LaneAction {
  /** Such as `pending store/board/b1 add`. */
  readonly type: string;
  readonly lane: Lane;
  readonly log: LogName;
  /** What the page shows from now on. */
  readonly view: StoreView<object>;
  /** What was done in this page, or taken back. */
  readonly action?: Pick<RolledBack, 'name' | 'input'> & Partial<RolledBack>;
}

/** What Redux holds of followed stores, by log: state and sync of each. */
export type LanesState = Readonly<Record<string, StoreView<object>>>;

/** A followed store whose changes go through Redux. */
export interface BoundStore<S extends Store> {
  /** As `ClientStore.dispatch`; in the lane `pending`. */
  dispatch: ClientStore<S>['dispatch'];
  /** Follows it no longer. What Redux holds of it stays. */
  stop: Stop;
}

const NOTHING: LanesState = {};

/** The reducer of what followed stores show. It is pure, so that time travel shows what the page had, and when. */
export function reduceLanes(state: LanesState = NOTHING, action: { readonly type: string }): LanesState {
  const { lane, log, view } = action as Partial<LaneAction>;
  return lane && log && view ? { ...state, [log]: view } : state;
}

/**
 * Follows a store and takes each of its changes through Redux, in the lane where it comes from. The backend stays the one
 * that decides: to alter the state in Redux alone is overwritten by the next change.
 */
export function bindStore<S extends Store>(redux: ReduxStoreLike, followed: ClientStore<S>): BoundStore<S> {
  const { log } = followed;
  let shown: StoreView<StateOf<S>> | undefined;
  /** What is being dispatched in this very call. */
  let said: LaneAction['action'];

  function take(): void {
    const view = followed.get();
    if (view === shown) return;
    const { rolledBack } = view.sync;
    const isRolledBack = rolledBack !== undefined && rolledBack !== shown?.sync.rolledBack;
    const lane: Lane = isRolledBack ? 'rolled back' : said ? 'pending' : 'server';
    const action = isRolledBack ? rolledBack : said;
    shown = view;
    const type = [lane, log, ...(action ? [action.name] : [])].join(' ');
    redux.dispatch({ type, lane, log, view: view as StoreView<object>, ...(action && { action }) });
  }

  const stop = followed.subscribe(take);
  take();
  return {
    dispatch(name, ...input) {
      said = { name, input: input[0] };
      try {
        return followed.dispatch(name, ...input);
      } finally {
        said = undefined;
      }
    },
    stop,
  };
}
