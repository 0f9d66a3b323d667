import { createFrames, type Gap } from '../client/index.ts';
import type { ClientStore, StoreView } from '../client/stores/index.ts';
import type { Contract, Delivered, Events, StateOf, Store } from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';
import { type Source, takeFrom } from './source.ts';

/** What is needed of a zustand store. */
export interface ZustandStoreLike<State> {
  /** As `StoreApi.setState`. */
  setState(update: (state: State) => State | Partial<State>): unknown;
}

/** What zustand's `useStore` reads. */
export interface ReadonlyZustandStore<State> {
  /** As `StoreApi.getState`. */
  getState(): State;
  /** As `StoreApi.getInitialState`. */
  getInitialState(): State;
  /** As `StoreApi.subscribe`. */
  subscribe(listener: (state: State, former: State) => void): Stop;
}

/** What a zustand store is fed with. */
export interface ZustandFeed<A extends Contract, E extends Events, State> extends Source<A, E> {
  readonly store: ZustandStoreLike<State>;
  /** What each event changes: it is merged into the state. */
  readonly events: {
    readonly [Name in keyof NoInfer<E> & string]?: (
      state: NoInfer<State>,
      payload: Delivered<E, Name>,
    ) => NoInfer<State> | Partial<NoInfer<State>>;
  };
  /** Something may be missing: fetch again what the store holds. In its place among the events. */
  readonly onGap?: (gap: Gap) => unknown;
}

/**
 * Feeds a zustand store with what the backend sends. All that comes between two frames is one change of the store, so that its
 * listeners are called once. It ends with the call of what it returns, which delivers what has come.
 */
export function feedStore<A extends Contract, State, E extends Events = A['events']>(
  feed: ZustandFeed<A, E, State>,
): Stop {
  const { client, store, onGap } = feed;
  const frames = createFrames(client);
  const updates: { run(state: State): Partial<State>; resolve(): void; reject(error: unknown): void }[] = [];
  /** In one change. An update that throws is told of, and the others are made. */
  function apply(): void {
    const due = updates.splice(0);
    if (due.length === 0) return; // another's frame had them
    store.setState((state) => {
      let next = state;
      for (const { run, resolve, reject } of due) {
        try {
          next = { ...next, ...run(next) };
          resolve();
        } catch (error) {
          reject(error);
        }
      }
      return next;
    });
  }

  const stop = takeFrom(
    feed,
    (change: (state: State, payload: unknown) => Partial<State>, payload) => {
      const made = new Promise<void>((resolve, reject) => {
        updates.push({ run: (state) => change(state, payload), resolve, reject });
      });
      return Promise.all([made, frames.put(apply)]); // a listener of the store may throw, too
    },
    (gap) => {
      frames.flush();
      return onGap?.(gap);
    },
  );
  return () => {
    stop();
    frames.flush();
  };
}

/** Shows a store of the backend as one of zustand, to read: `useStore(toZustand(client.store(…)), ({ state }) => …)`. */
export function toZustand<S extends Store>(followed: ClientStore<S>): ReadonlyZustandStore<StoreView<StateOf<S>>> {
  const initial = followed.get();
  return {
    getState: followed.get,
    getInitialState: () => initial, // what a page is hydrated with, however late
    subscribe(listener) {
      let former = followed.get();
      return followed.subscribe(() => {
        const state = followed.get();
        listener(state, former);
        former = state;
      });
    },
  };
}
