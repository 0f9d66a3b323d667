import type { Contract, Delivered, Events } from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';
import { type Source, takeFrom, whenLive } from './source.ts';

/** A query's key, as TanStack Query has it. */
export type QueryKey = readonly unknown[];

/** A query, as far as it is looked at here. */
export interface QueryLike {
  readonly queryKey: QueryKey;
  readonly state: QueryStateLike;
}

/** What a query says of itself, as far as it is asked here. */
export interface QueryStateLike {
  readonly fetchStatus: string;
  readonly isInvalidated: boolean;
}

/** Which queries are meant. */
export interface QueryFilters {
  /** What their keys begin with. */
  readonly queryKey: QueryKey;
  /** Their key is no longer than that. @default false */
  readonly exact?: boolean;
  /** Picks some of them. @default all */
  readonly predicate?: (query: QueryLike) => boolean;
}

/** What is needed of TanStack Query's `QueryClient`, of version 5 and any framework. */
export interface QueryClientLike {
  /** As `QueryClient.invalidateQueries`. */
  invalidateQueries(filters: QueryFilters): Promise<unknown>;
  /** As `QueryClient.getQueryState`. */
  getQueryState(queryKey: QueryKey): QueryStateLike | undefined;
  /** As `QueryClient.setQueryData`. */
  setQueryData(queryKey: QueryKey, update: (data: unknown) => unknown): unknown;
}

/** What a handler may do with queries. */
export interface FedQueries {
  /**
   * Has all queries whose key begins so fetched again, once for all that comes within 50 ms. Where a fetch is under way, that
   * query's is let end first, as it may be older than the event, and would never end if each event began it anew.
   */
  invalidate(queryKey: QueryKey): void;
  /**
   * Alters the data of the query with this key, if it has data: give new data, never the old one altered. If its fetch is
   * under way it is invalidated too, as the answer may lack what was altered; and if it was invalid, it stays so.
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
  const invalid = new Map<string, QueryFilters>();
  let stopTimer: Stop | undefined;

  function invalidate(filters: QueryFilters): void {
    invalid.set(JSON.stringify(filters), filters);
    stopTimer ??= client.clock.after(GATHER_MS, flush);
  }

  function flush(): void {
    stopTimer = undefined;
    const due = [...invalid.values()];
    invalid.clear();
    for (const filters of due) {
      const predicate = ({ queryKey, state }: QueryLike) => {
        if (state.fetchStatus !== 'fetching') return true;
        invalidate({ queryKey, exact: true }); // later, and it alone: of many queries one may always be fetched
        return false;
      };
      // Each query tells of its own failure, to whoever shows it.
      queryClient.invalidateQueries({ ...filters, predicate }).catch(() => {});
    }
  }

  const queries: FedQueries = {
    invalidate: (queryKey) => invalidate({ queryKey }),
    patch<Data>(queryKey: QueryKey, update: (data: Data) => Data) {
      const { fetchStatus, isInvalidated } = queryClient.getQueryState(queryKey) ?? {};
      queryClient.setQueryData(queryKey, (data) => (data === undefined ? undefined : update(data as Data)));
      // A query whose data is set counts as fresh from then on.
      if (isInvalidated || fetchStatus === 'fetching') invalidate({ queryKey, exact: true });
    },
  };

  const stop = takeFrom(
    feed,
    (take: (payload: unknown, queries: FedQueries) => unknown, payload) => take(payload, queries),
    () => invalidate({ queryKey }),
  );
  const stopLooking = whenLive(client.connection, () => invalidate({ queryKey }));
  return () => {
    stop();
    stopLooking();
    stopTimer?.();
  };
}
