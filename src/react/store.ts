import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { Positions } from '../client/index.ts';
import { type ClientStore, createSnapshotView, type StoreSync } from '../client/stores/index.ts';
import {
  type Contract,
  fillPattern,
  type ParamsOf,
  type StateOf,
  type Store,
  type StoreOf,
  type StorePatternOf,
  type StoreSnapshot,
} from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';
import type { Flow } from './flow.ts';

/** What a server gives to a page that it renders: `flow.snapshot(…)` of `message-flow/backend` is one. */
export interface FlowSnapshot {
  /** Whom it is for: nobody else is shown it. @default whoever is there */
  readonly user?: string;
  /** Where the page begins, by log: for `createClient({ at })`. */
  readonly at: Positions;
  /** By log. */
  readonly stores: Readonly<Record<string, StoreSnapshot>>;
}

/** A store as a component has it: what is shown, what dispatches, and how it stands to the backend's state. */
export type UsedStore<S extends Store> = readonly [
  state: StateOf<S>,
  dispatch: ClientStore<S>['dispatch'],
  sync: StoreSync,
];

const NOTHING_TO_STOP = () => {};
/** How long a first state is kept for the component that wants it, in milliseconds: React may put it off, or has thrown it away. */
const HOLD_MS = 30_000;
/** How long a fault that was told is told again, in milliseconds: React renders more than once. Later, it is asked anew. */
const TOLD_MS = 1_000;

/** Follows a store while the component is there. */
export function useStoreOf<A extends Contract, Pattern extends StorePatternOf<A>>(
  flow: Flow<A>,
  snapshot: FlowSnapshot | undefined,
  pattern: Pattern,
  params: ParamsOf<Pattern>,
): UsedStore<StoreOf<A, Pattern>> {
  type S = StoreOf<A, Pattern>;
  const log = fillPattern('store', pattern, params);
  const owner = snapshot?.user;
  const first = snapshot?.stores[log] as StoreSnapshot<StateOf<S>> | undefined;
  const firstView = useMemo(() => first && createSnapshotView(first), [first]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: pattern and params are in the log's name, which compares by value
  const store: ClientStore<S> | undefined = useMemo(() => flow.client?.store(pattern, params), [flow, log]);

  const subscribe = useCallback(
    (listener: () => void) => {
      if (!store) return NOTHING_TO_STOP;
      if (first && !isSpent(flow, first, owner)) {
        store.hydrate(first);
        flow.flush();
        flow.taken.add(first);
      }
      const stop = flow.stores.subscribe(store, listener);
      flow.holds.get(log)?.();
      return stop;
    },
    [flow, log, store, first, owner],
  );
  const get = useCallback(() => {
    const view = store && flow.stores.get(store);
    return first && view?.state === undefined && !isSpent(flow, first, owner) ? firstView : view;
  }, [flow, store, first, firstView, owner]);
  // A server asks nothing of a client, even if it has one: what that has may be another user's.
  const view = useSyncExternalStore(subscribe, get, () => firstView);

  // At once, not with the next frame: an input whose value a component holds must have it when its event is over.
  const dispatch = useCallback<ClientStore<S>['dispatch']>(
    (name, ...input) => {
      if (!store) throw new Error(`Cannot run "${name}" on "${log}": there is no client`);
      const dispatched = store.dispatch(name, ...input);
      flow.flush();
      return dispatched;
    },
    [flow, store, log],
  );

  if (view?.state !== undefined) return [view.state, dispatch, view.sync];
  // React's way to leave a component to the browser: the boundary above it is rendered there.
  if (!view || !store) throw new Error(`Cannot show "${log}" on a server: the snapshot does not have it`);
  const fault = flow.stores.has(log) && view.sync.fault; // of a store that nobody follows it is of another time
  if (!fault) throw load(flow, store);
  const end = flow.holds.get(log);
  if (end) flow.client?.clock.after(TOLD_MS, end);
  throw new Error(`Cannot show "${log}": ${fault}`);
}

/** True of a store's snapshot that a client took, as it is of then, and when somebody else is there now, or nobody. */
function isSpent<A extends Contract>({ connection, taken }: Flow<A>, first: object, owner?: string): boolean {
  const { user = owner, state } = connection.get();
  return taken.has(first) || state === 'signed-out' || (owner !== undefined && user !== owner);
}

/** Asks for a store's first state, before the component that wants it is there to follow it. */
function load<A extends Contract, S extends Store>(flow: Flow<A>, store: ClientStore<S>): Promise<void> {
  const { client, loads, stores, holds } = flow;
  const { log } = store;
  const found = loads.get(log);
  if (found !== undefined) return found;
  const loading = new Promise<void>((resolve) => {
    let stopTimer: Stop | undefined;
    const stop = stores.subscribe(store, () => {
      const { state, sync } = stores.get(store);
      if (stopTimer || (state === undefined && !sync.fault)) return;
      stopTimer = client?.clock.after(HOLD_MS, end);
      loads.delete(log);
      holds.set(log, end);
      resolve();
    });
    function end(): void {
      stopTimer?.();
      if (holds.get(log) === end) holds.delete(log);
      stop();
    }
  });
  loads.set(log, loading);
  return loading;
}
