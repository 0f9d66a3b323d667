import {
  applyPatch,
  MAX_ACTIONS,
  type RecentAction,
  type Refused,
  runAction,
  type Store,
  type StoreNews,
  type StoreSnapshot,
} from '../../contract/index.ts';
import { isJsonObject } from '../../protocol/index.ts';
import {
  type Dispatched,
  NO_VIEW,
  type RolledBack,
  type RolledBackCode,
  type StoreFault,
  type StoreSync,
  type StoreView,
} from './client-store.ts';

/** An action that is shown and not confirmed. */
export interface Pending {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly settle: (outcome: Dispatched) => void;
  /** Our version when it was first said. */
  since?: number | undefined;
  /** How often it was said. */
  tries: number;
  /** The version that the backend answered with; our state has not reached it. */
  version?: number;
}

/** A page's copy of one store: the confirmed state, and over it what is pending. Knows no network and no timer. */
export interface Replica {
  readonly view: StoreView<object>;
  readonly pending: readonly Pending[];
  readonly version: number | undefined;
  /** News came, or an answer, of a version that we have not reached. */
  isBehind(): boolean;
  /** Takes a snapshot, unless what we have is newer, or an action was said so long ago that nobody can tell whether it is in it. */
  takeSnapshot(snapshot: StoreSnapshot<object>): void;
  /** Takes an entry's data, whatever it is; false: it is no news of a store. */
  takeNews(data: unknown): boolean;
  add(action: Pending): void;
  /** The backend has applied a pending action. */
  confirm(id: string, version: number): void;
  rollBack(which: (action: Pending) => boolean, refused: Refused<RolledBackCode>): void;
  /** Forgets the state and what was rolled back, as they are another user's. */
  reset(): void;
  /** Brings the view in line; true: it changed. */
  commit(isStale: boolean, fault: StoreFault | undefined): boolean;
}

/** Most entries that wait for one before them. */
const MAX_HELD = 64;

/** Creates a replica without a state. */
export function createReplica(store: Store): Replica {
  let view: StoreView<object> = NO_VIEW;
  let base: object | undefined;
  let version: number | undefined;
  /** The highest version that we heard of. */
  let heard = 0;
  /** Entries that came before the one that they go on from, by their `from`. */
  const held = new Map<number, Exclude<StoreNews, { from: null }>>();
  let pending: Pending[] = [];
  let rolledBack: RolledBack | undefined;
  /** The state that the overlay was laid on, and what it gave. */
  let laidOn: object | undefined;
  let laid: readonly Pending[] = [];
  let shown: object | undefined;

  function settle(isDone: (action: Pending) => number | undefined): void {
    pending = pending.filter((action) => {
      const at = isDone(action);
      if (at !== undefined) action.settle({ version: at });
      return at === undefined;
    });
  }

  function moveTo(next: object, to: number, ids: readonly RecentAction[]): void {
    base = next;
    version = to;
    settle(({ id, version: answered }) => {
      if (answered !== undefined && answered <= to) return answered;
      return ids.find((action) => action.id === id)?.version;
    });
    for (const from of held.keys()) if (from < to) held.delete(from);
    const following = held.get(to);
    if (following) apply(following);
  }

  function apply({ from, to, patch, actions }: Exclude<StoreNews, { from: null }>): void {
    held.delete(from);
    try {
      moveTo(
        applyPatch(base as object, patch),
        to,
        actions.map((id) => ({ id, version: to })),
      );
    } catch {
      // It does not fit: of a backend that went astray, or not of ours. The state is fetched, as `heard` is ahead.
    }
  }

  function lay(): void {
    const isOn = laidOn === base && laid.length <= pending.length && laid.every((action, i) => action === pending[i]);
    if (!isOn) shown = base;
    for (const { name, input } of isOn ? pending.slice(laid.length) : pending) {
      if (!shown) break;
      try {
        shown = runAction(store, shown, name, input);
      } catch {
        // It can't be done on this state, so it shows nothing; the backend decides.
      }
    }
    laidOn = base;
    laid = pending;
  }

  return {
    get view() {
      return view;
    },
    get pending() {
      return pending;
    },
    get version() {
      return version;
    },
    isBehind: () => version === undefined || heard > version,
    takeSnapshot({ state, version: to, recent }) {
      heard = Math.max(heard, to);
      const oldest = recent.length < MAX_ACTIONS ? 0 : (recent[0]?.version ?? 0);
      /** It may be in the state and forgotten by `recent`. Shown over it, it would be there twice; its answer will tell. */
      const isUntold = ({ id, since = to, version: answered }: Pending) =>
        since < oldest && answered === undefined && !recent.some((action) => action.id === id);
      if (version === undefined || (to > version && !pending.some(isUntold))) moveTo(state, to, recent);
    },
    takeNews(data) {
      if (!isNews(data)) return false;
      heard = Math.max(heard, data.to);
      if (data.from === null || version === undefined || data.to <= version) return true;
      if (data.from === version) apply(data);
      else if (held.size < MAX_HELD) held.set(data.from, data);
      return true;
    },
    add(action) {
      pending = [...pending, action];
    },
    confirm(id, at) {
      heard = Math.max(heard, at);
      for (const action of pending) if (action.id === id) action.version = at;
      settle((action) => (action.version !== undefined && action.version <= (version ?? -1) ? at : undefined));
    },
    rollBack(which, refused) {
      const gone = pending.filter(which);
      pending = pending.filter((action) => !gone.includes(action));
      for (const { name, input, settle } of gone) {
        rolledBack = { ...refused, name, input };
        settle({ refused });
      }
    },
    reset() {
      base = version = rolledBack = undefined;
      heard = 0;
      held.clear();
    },
    commit(isStale, fault) {
      lay();
      const last = view.sync;
      const next: StoreSync = { version, pending: pending.length, stale: isStale, rolledBack, fault };
      const isSame = (Object.keys(next) as (keyof StoreSync)[]).every((key) => next[key] === last[key]);
      if (isSame && view.state === shown) return false;
      view = { state: shown, sync: isSame ? last : next };
      return true;
    },
  };
}

function isNews(data: unknown): data is StoreNews {
  if (!isJsonObject(data) || !Number.isSafeInteger(data.to)) return false;
  if (data.from === null) return true;
  return Number.isSafeInteger(data.from) && Array.isArray(data.patch) && Array.isArray(data.actions);
}
