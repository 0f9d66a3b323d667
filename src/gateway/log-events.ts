import type { Entry, Reading } from '../broker/index.ts';
import type { GapReason, LogName, Position, StartPosition } from '../protocol/index.ts';
import type { Chunk, Frame, Ring } from './ring.ts';

/** What a read is for: to mend the ring's live end, or to fetch a stretch for followers that are behind it. */
export type ReadPurpose = 'ring' | 'stretch';

/** What happens to a followed log. */
export type LogEvent<S> =
  | { readonly type: 'follow'; readonly subscription: S; readonly after: StartPosition }
  | { readonly type: 'unfollow'; readonly subscription: S }
  | { readonly type: 'attached' }
  | { readonly type: 'tail-failed' }
  | { readonly type: 'entry'; readonly entry: Entry }
  | { readonly type: 'top'; readonly top: Position }
  | { readonly type: 'read'; readonly purpose: ReadPurpose; readonly after: StartPosition; readonly reading: Reading }
  | { readonly type: 'read-failed'; readonly purpose: ReadPurpose }
  | { readonly type: 'shrink' }
  | { readonly type: 'wake' };

/** What the machine asks of its host. `grown`: all its subscriptions may have something to take; `wake`: instead of any before. */
export type LogEffect<S> =
  | { readonly type: 'tail' }
  | { readonly type: 'read'; readonly purpose: ReadPurpose; readonly after: StartPosition; readonly limit: number }
  | { readonly type: 'ready'; readonly subscription: S }
  | { readonly type: 'grown' }
  | { readonly type: 'wake'; readonly at: number }
  | { readonly type: 'forget' };

/** What a subscription gets next, in this order. */
export type Delivery<F extends Frame> =
  | { readonly type: 'entries'; readonly chunk: Chunk<F>; readonly ring: Ring<F> }
  | { readonly type: 'gap'; readonly at: Position; readonly reason: GapReason }
  | { readonly type: 'live'; readonly at: Position };

/** What a take gave; `hasMore`: take again when there is room. */
export interface Taking<F extends Frame, S> {
  readonly deliveries: readonly Delivery<F>[];
  readonly hasMore: boolean;
  readonly effects: readonly LogEffect<S>[];
}

/**
 * A log as a gateway follows it: its ring, and for each subscription a cursor. Deterministic: time comes in, effects go
 * out. A subscription at the ring's end is live; any other is catching up, by the same `take`: from the ring where its
 * position is in it, else from stretches that the broker is asked for. What neither proves, `read` judges.
 */
export interface FollowedLog<F extends Frame, S> {
  readonly name: LogName;
  readonly subscriptions: ReadonlyMap<S, unknown>;
  /** Memory held, roughly, in bytes. */
  readonly bytes: number;
  step(event: LogEvent<S>, now: number): readonly LogEffect<S>[];
  /** Hands a subscription what comes next, about `maxBytes` of it: at least one entry where there is one. */
  take(subscription: S, maxBytes: number): Taking<F, S>;
}

/** Bounds of a followed log. */
export interface FollowedLogOptions {
  /** Most entries asked of the broker at once. */
  readonly readLimit: number;
  /** How long ring and tail stay after the last follower, in milliseconds. */
  readonly lingerMs: number;
  readonly maxRingEntries: number;
  readonly maxRingBytes: number;
}
