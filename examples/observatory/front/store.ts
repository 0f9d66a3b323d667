/** State outside of React, which reads it with `useSyncExternalStore`. */
export interface Store<State, Change> {
  get: () => State;
  change: (change: Change) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createStore<State, Change>(
  first: State,
  reduce: (state: State, change: Change) => State,
): Store<State, Change> {
  let state = first;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    change(change) {
      state = reduce(state, change);
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
