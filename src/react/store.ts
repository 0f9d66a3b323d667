import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { type ClientStore, createSnapshotView, type StoreSync, type StoreView } from '../client/stores/index.ts';
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
import type { Flow } from './flow.ts';

/** What a server gives to a page that it renders: `flow.snapshot(…)` of `message-flow/backend` is one. */
export interface FlowSnapshot {
  /** Whom it was taken for: it is shown to no other. @default whoever sees the page */
  readonly user?: string;
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

/** Follows a store while the component is there. */
export function useStoreOf<A extends Contract, Pattern extends StorePatternOf<A>>(
  flow: Flow<A>,
  snapshot: FlowSnapshot | undefined,
  pattern: Pattern,
  params: ParamsOf<Pattern>,
): UsedStore<StoreOf<A, Pattern>> {
  type S = StoreOf<A, Pattern>;
  const log = fillPattern('store', pattern, params);
  const user = flow.client?.connection.get().user;
  const isOthers = user !== undefined && snapshot?.user !== undefined && user !== snapshot.user;
  const first = (isOthers ? undefined : snapshot?.stores[log]) as StoreSnapshot<StateOf<S>> | undefined;
  const firstView = useMemo(() => first && createSnapshotView(first), [first]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: pattern and params are in the log's name, which compares by value
  const store: ClientStore<S> | undefined = useMemo(() => flow.client?.store(pattern, params), [flow, log]);

  const subscribe = useCallback(
    (listener: () => void) => {
      if (!store) return NOTHING_TO_STOP;
      let isWaiting = false;
      if (first) store.hydrate(first);
      return store.subscribe(() => {
        if (isWaiting) return;
        isWaiting = true;
        void flow.put(() => {
          isWaiting = false;
          listener();
        });
      });
    },
    [flow, store, first],
  );
  const get = useCallback(() => {
    const view = store?.get();
    return view?.state === undefined ? (firstView ?? view) : view;
  }, [store, firstView]);
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
  if (view?.sync.fault) throw new Error(`Cannot show "${log}": ${view.sync.fault}`);
  // React's way to leave a component to the browser: the boundary above it is rendered there.
  if (!view || !store) throw new Error(`Cannot show "${log}" on a server: the snapshot does not have it`);
  throw load(flow, store);
}

/** Asks for a store's first state, before the component that wants it is there to follow it. */
function load<A extends Contract, S extends Store>({ loads }: Flow<A>, store: ClientStore<S>): Promise<void> {
  const { log } = store;
  const found = loads.get(log);
  if (found !== undefined) return found;
  const loading = new Promise<void>((resolve) => {
    const stop = store.subscribe(() => {
      const { state, sync }: StoreView<StateOf<S>> = store.get();
      if (state === undefined && !sync.fault) return;
      stop(); // it lingers, until the component follows it
      loads.delete(log);
      resolve();
    });
  });
  loads.set(log, loading);
  return loading;
}
