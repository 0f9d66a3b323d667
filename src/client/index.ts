export {
  type Client,
  type ClientChannel,
  type Connection,
  createClient,
  type Entry,
  type Failure,
  type Gap,
  type Handler,
  type Refusal,
} from './client.ts';
export type { ConnectionReason, ConnectionState, ConnectionStatus } from './connection-status.ts';
export { createFrames, type FrameSource, type Frames } from './frames.ts';
export type {
  ClientOptions,
  Extension,
  Fetch,
  FetchAnswer,
  Page,
  PageEvent,
  PositionStorage,
  ResolvedOptions,
  Socket,
} from './options.ts';
export { createSession } from './session.ts';
export type {
  FollowedLog,
  Positions,
  RefusalReason,
  Session,
  SessionEffect,
  SessionEvent,
  SessionOptions,
} from './session-event.ts';
