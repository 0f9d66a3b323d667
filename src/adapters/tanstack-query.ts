import type { Contract, Delivered, Events } from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';
import { type Source, takeFrom, whenLive } from './source.ts';

/** A query's key, as TanStack Query has it. */
export type QueryKey = readonly unknown[];

/** What is needed of TanStack Query's `QueryClient`, of version 5 and any framework. */
export interface QueryClientLike {
  /** As `QueryClient.invalidateQueries`. */
  invalidateQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  /** As `QueryClient.isFetching`. */
  isFetching(filters: { queryKey: QueryKey }): number;
  /** As `QueryClient.setQueryData`. */
  setQueryData(queryKey: QueryKey, update: (data: unknown) => unknown): unknown;
}

/** What a handler may do with queries. */
export interface FedQueries {
  /**
   * Has all queries whose key begins so fetched again, once for all that comes within 50 ms. A fetch under way is let end
   * first, as it may be older than the event, and would never end if each event began it anew.
   */
  invalidate(queryKey: QueryKey): void;
  /**
   * Alters the data of the query with this key, if it has data: give new data, never the old one altered. If a fetch is
   * under way the query is invalidated too: its answer may lack what was altered.
   */
  patch<Data>(queryKey: QueryKey, update: (data: Data) => Data): void;
}

/** What queries are fed with. */
export interface QueryFeed<A extends Contract, E extends Events> extends Source<A, E> {
  readonly queryClient: QueryClientLike;
  /** All that the events are about: invalidated at a gap, and once when the connection is live, as what was sent before is missed. */
  readonly queryKey: QueryKey;
  /** What each event does to queries. */
  readonly events: {
    readonly [Name in keyof NoInfer<E> & string]?: (payload: Delivered<E, Name>, queries: FedQueries) => unknown;
  };
}

/** How long invalidations are gathered, in milliseconds. */
const GATHER_MS = 50;

/**
 * Keeps queries in line with what the backend sends: each event invalidates or patches those that it is about. It ends with
 * the call of what it returns.
 */
export function feedQueries<A extends Contract, E extends Events = A['events']>(feed: QueryFeed<A, E>): Stop {
  const { client, queryClient, queryKey } = feed;
  /** By their text, as keys are compared by value. */
  const invalid = new Map<string, QueryKey>();
  let stopTimer: Stop | undefined;

  function invalidate(key: QueryKey): void {
    invalid.set(JSON.stringify(key), key);
    stopTimer ??= client.clock.after(GATHER_MS, flush);
  }

  function flush(): void {
    stopTimer = undefined;
    for (const [text, key] of [...invalid]) {
      if (queryClient.isFetching({ queryKey: key }) > 0) continue;
      invalid.delete(text);
      // Each query tells of its own failure, to whoever shows it.
      queryClient.invalidateQueries({ queryKey: key }).catch(() => {});
    }
    if (invalid.size > 0) stopTimer = client.clock.after(GATHER_MS, flush);
  }

  const queries: FedQueries = {
    invalidate,
    patch<Data>(key: QueryKey, update: (data: Data) => Data) {
      queryClient.setQueryData(key, (data) => (data === undefined ? undefined : update(data as Data)));
      if (queryClient.isFetching({ queryKey: key }) > 0) invalidate(key);
    },
  };

  const stop = takeFrom(
    feed,
    (take: (payload: unknown, queries: FedQueries) => unknown, payload) => take(payload, queries),
    () => invalidate(queryKey),
  );
  const stopLooking = whenLive(client.connection, () => invalidate(queryKey));
  return () => {
    stop();
    stopLooking();
    stopTimer?.();
  };
}
