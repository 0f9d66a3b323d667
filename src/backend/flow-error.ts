/**
 * Why an operation of a flow failed.
 * - `invalid-payload`: the event's schema refused the payload, or threw. Never again as it is; `cause` holds the issues.
 * - `too-large`: encoded, the payload is over 262,144 bytes. Never again as it is.
 * - `overloaded`: 1 MiB wait for this log, or 64 MiB in all, so the broker does not keep up. Not stored; again later.
 * - `unavailable`: the broker was not reached or gave no answer in time. It may still be stored, if its append had begun;
 *   the message says which. Saying it again with the same key is safe.
 * - `refused`: the broker will not take it. Never again as it is.
 * - `closed`: the flow or its broker was closed. Never again.
 */
export type FlowErrorCode = 'invalid-payload' | 'too-large' | 'overloaded' | 'unavailable' | 'refused' | 'closed';

/** An operation of a flow that failed: `code` says why and whether to say it again, `cause` what lay below. */
export class FlowError extends Error {
  override readonly name = 'FlowError';
  readonly code: FlowErrorCode;

  constructor(code: FlowErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
