import type { Frames } from '../client/index.ts';
import type { ClientStore, StoreView } from '../client/stores/index.ts';
import type { StateOf, Store } from '../contract/index.ts';
import type { LogName, Stop } from '../protocol/index.ts';

/**
 * Stores as components show them. What comes is shown with a frame, and by all components at once: one that renders for a reason
 * of its own must not be ahead of its parent, which may no longer have a place for it.
 */
export interface ShownStores {
  /** What is shown of a store; while no component follows it, what the client has. */
  get<S extends Store>(store: ClientStore<S>): StoreView<StateOf<S>>;
  /** Follows a store, and calls back when `get` gives something else. */
  subscribe<S extends Store>(store: ClientStore<S>, listener: () => void): Stop;
  /** True while it is followed here. */
  has(log: LogName): boolean;
}

interface Shown {
  view: StoreView<unknown>;
  readonly listeners: Set<() => void>;
  stop: Stop;
}

/** Creates what shows stores, with none in it. */
export function createShownStores(frames: Frames): ShownStores {
  const all = new Map<LogName, Shown>();

  function begin<S extends Store>(store: ClientStore<S>): Shown {
    const shown: Shown = { view: store.get(), listeners: new Set(), stop: () => {} };
    let isWaiting = false;
    shown.stop = store.subscribe(() => {
      if (isWaiting) return;
      isWaiting = true;
      void frames.put(() => {
        isWaiting = false;
        const view = store.get();
        if (shown.view === view) return;
        shown.view = view;
        for (const listener of [...shown.listeners]) listener();
      });
    });
    shown.view = store.get(); // to follow it may have changed it
    all.set(store.log, shown);
    return shown;
  }

  return {
    get: (store) => (all.get(store.log)?.view ?? store.get()) as ReturnType<typeof store.get>,
    subscribe(store, listener) {
      const { log } = store;
      const shown = all.get(log) ?? begin(store);
      shown.listeners.add(listener);
      return () => {
        if (!shown.listeners.delete(listener) || shown.listeners.size > 0) return;
        all.delete(log);
        shown.stop();
      };
    },
    has: (log) => all.has(log),
  };
}
