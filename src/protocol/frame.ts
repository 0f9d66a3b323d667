import type { LogName } from './log-name.ts';
import type { Position, StartPosition } from './position.ts';

/** Why a follower's entries can't be had, or can't be proven whole. */
export type GapReason = 'trimmed' | 'reset';

/** Why the gateway ended or refused a subscription. */
export type UnsubscribeReason = 'refused' | 'revoked';

/** What was wrong with a frame that a gateway could not serve. The connection stays. */
export type FrameErrorCode = 'invalid-frame' | 'invalid-log' | 'too-many-logs' | 'not-authenticated';

/** What a gateway says, parsed. Entries alone have `log` and `at` beside `id` and `data`. */
export type GatewayFrame =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'auth-request' }
  | { readonly type: 'auth-ok'; readonly user: string; readonly heartbeatMs: number }
  | { readonly type: 'auth-failed'; readonly reason: string }
  | {
      readonly type: 'entry';
      readonly event: string;
      readonly data: unknown;
      readonly log: LogName;
      readonly at: Position;
    }
  | { readonly type: 'gap'; readonly log: LogName; readonly at: Position; readonly reason: GapReason }
  | { readonly type: 'live'; readonly log: LogName; readonly at: Position }
  | { readonly type: 'unsubscribed'; readonly log: LogName; readonly reason: UnsubscribeReason }
  | { readonly type: 'token-expiring'; readonly inMs: number }
  | { readonly type: 'drain'; readonly withinMs: number }
  | { readonly type: 'error'; readonly code: FrameErrorCode; readonly message: string; readonly log?: string };

/** A gateway's frame that is no entry. */
export type ControlFrame = Exclude<GatewayFrame, { type: 'entry' }>;

/** The logs a client follows and where each goes on. */
export type StartPositions = Readonly<Record<string, StartPosition>>;

/** What a client says, parsed. */
export type ClientFrame =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'bare-token'; readonly token: string }
  | { readonly type: 'auth'; readonly token: string; readonly logs: StartPositions }
  | { readonly type: 'subscribe'; readonly logs: StartPositions }
  | { readonly type: 'unsubscribe'; readonly logs: readonly string[] };

/** Ids that the protocol uses itself: no event of an app may be called so. */
export const RESERVED_IDS = [
  'AUTH',
  'AUTH REQUEST',
  'AUTH OK',
  'AUTH FAILED',
  'GAP',
  'LIVE',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'UNSUBSCRIBED',
  'TOKEN EXPIRING',
  'DRAIN',
  'ERROR',
] as const;

/** An id that the protocol uses itself. */
export type ReservedId = (typeof RESERVED_IDS)[number];

/** The heartbeat, both ways: the old pattern's two bytes. */
export const HEARTBEAT = '<3';
