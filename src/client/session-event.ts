import type { GapReason, LogName, Position, Random, StartPosition, UnsubscribeReason } from '../protocol/index.ts';
import type { ConnectionStatus } from './connection-status.ts';

/** What a session needs beside its events. */
export interface SessionOptions {
  readonly random: Random;
}

/**
 * One client's side of the protocol: tokens, a connection, its logs and their positions. Deterministic: time comes in with
 * each step, chance through `random`; sockets, timers and fetches are its host's.
 */
export interface Session {
  /** Takes an event and says what is to be done, in order. `now` is in milliseconds and never goes backwards. Never throws. */
  step(event: SessionEvent, now: number): readonly SessionEffect[];
  /** How the connection is; the same object until something in it changes. */
  readonly status: ConnectionStatus;
  /** What the page follows, with positions: `everyone`, the user's log, and what `follow` asked for. */
  readonly logs: ReadonlyMap<LogName, FollowedLog>;
}

/** One log that the page follows. */
export interface FollowedLog {
  readonly log: LogName;
  /** Where it goes on; undefined until a snapshot, `sessionStorage`, a token or the gateway says. */
  readonly position: StartPosition | undefined;
  /** It has caught up on this connection. */
  readonly isLive: boolean;
}

/** Positions by the name of the log. */
export type Positions = Readonly<Record<string, Position>>;

/** Why a log is not followed: the backend or gateway refused it, a right ended, or the page follows 128 already. */
export type RefusalReason = UnsubscribeReason | 'too-many-logs';

/** What happens to a session. Its host feeds these in the order in which they happen. */
export type SessionEvent =
  /** The app wants a connection. The first step towards it is taken at the next `timer`, so that follows of one tick share a token. */
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The page wants a log, from a snapshot's position or else from its token's; a run without one begins at `"start"`. */
  | { readonly type: 'follow'; readonly log: LogName; readonly from?: StartPosition | undefined }
  | { readonly type: 'unfollow'; readonly log: LogName }
  /** The answer to the latest `fetch-token`; `saved` is what `sessionStorage` holds of this user. */
  | {
      readonly type: 'token';
      readonly token: string;
      readonly user: string;
      readonly at: Positions;
      readonly refused: readonly string[];
      readonly saved?: Positions;
    }
  | { readonly type: 'token-failed'; readonly reason: 'signed-out' | 'unavailable' }
  /** The socket asked for by the latest `open` is open. */
  | { readonly type: 'opened' }
  | { readonly type: 'text'; readonly text: string }
  /** The socket ended, or never opened. Not said after an effect `close`. */
  | { readonly type: 'closed'; readonly code: number }
  | { readonly type: 'visibility'; readonly isHidden: boolean }
  /** `pageshow`, `online`, or a clock that jumped. A page that becomes visible wakes too. */
  | { readonly type: 'wake' }
  | { readonly type: 'timer' };

/** What a session asks of its host. They are carried out in order; nothing of an older socket or fetch is reported after a newer. */
export type SessionEffect =
  /** Ask the token endpoint. Replaces a fetch under way; ends in `token` or `token-failed`, within a bound of the host's. */
  | { readonly type: 'fetch-token'; readonly logs: readonly LogName[] }
  /** Leave the fetch under way: whose page it would be by its answer is of no interest any more. */
  | { readonly type: 'drop-fetch' }
  | { readonly type: 'open' }
  | { readonly type: 'send'; readonly text: string }
  /** Leave the socket: no more events of it are wanted. */
  | { readonly type: 'close' }
  /** An entry, once and in its log's order. `replayed`: it came before the log was live on this connection. */
  | {
      readonly type: 'deliver';
      readonly log: LogName;
      readonly event: string;
      readonly data: unknown;
      readonly at: Position;
      readonly replayed: boolean;
    }
  /** In its place in the log's order: what lay before `at` can't be had, or can't be proven whole. */
  | { readonly type: 'gap'; readonly log: LogName; readonly reason: GapReason; readonly at: Position }
  /** The log is no longer followed. */
  | { readonly type: 'unsubscribed'; readonly log: LogName; readonly reason: RefusalReason }
  /** The log has caught up on this connection. */
  | { readonly type: 'live'; readonly log: LogName; readonly at: Position }
  | { readonly type: 'state'; readonly status: ConnectionStatus }
  /** Send `timer` at this time, and forget the time asked for before. A time in the past means at once, but not in this call. */
  | { readonly type: 'timer'; readonly atMs: number };

/** What the app is told of, in order. */
export type AppEffect = Extract<SessionEffect, { type: 'deliver' | 'gap' | 'unsubscribed' | 'live' | 'state' }>;
