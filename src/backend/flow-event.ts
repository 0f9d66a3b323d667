import type { LogName } from '../protocol/index.ts';

/**
 * What happened inside a flow, for an app's logs and metrics. None carries a token or a secret of the flow's, and no message
 * of a FlowError a payload; but the `cause` of an `invalid-payload` is what the schema said, and may quote values.
 */
export type FlowEvent =
  /** A send rejected; the only trace of one that nobody awaited. */
  | { readonly type: 'send-failed'; readonly log: LogName; readonly event: string; readonly error: unknown }
  /** An entry was stored `afterMs` milliseconds after it was sent, when its send had been given up. */
  | { readonly type: 'send-late'; readonly log: LogName; readonly event: string; readonly afterMs: number }
  /** `authenticate` threw: the request was answered with 500. */
  | { readonly type: 'authenticate-failed'; readonly error: unknown }
  /** `authenticate` gave a user or session that can't be used: the request was answered with 500. */
  | { readonly type: 'identity-refused'; readonly error: unknown }
  /** A rule of `allow` threw, so nobody knows who may follow: the token request was answered with 503. */
  | { readonly type: 'allow-failed'; readonly log: LogName; readonly pattern: string; readonly error: unknown }
  /** The broker gave no positions for a token: the request was answered with 503. */
  | { readonly type: 'tops-failed'; readonly error: unknown }
  /** An app's `load`, `save`, `allow` or `inputs` threw, gave what can't be used, or nothing in time: a 503, or a rejection. */
  | { readonly type: 'store-failed'; readonly log: LogName; readonly error: unknown }
  /** A reducer threw: the action was refused. An app may refuse by it, so this need be no fault. */
  | { readonly type: 'action-failed'; readonly log: LogName; readonly action: string; readonly error: unknown }
  /** A request failed in a way that nothing above names: it was answered with 500. */
  | { readonly type: 'request-failed'; readonly error: unknown };

/** Takes events; never throws. */
export type Report = (event: FlowEvent) => void;
