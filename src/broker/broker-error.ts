/**
 * Why a broker's call failed.
 * - `unavailable`: the engine was not reached or did not answer; may be said again with the same key.
 * - `closed`: the broker was closed; never again.
 * - `refused`: the engine will not take it (too large, no right); never again as it is.
 */
export type BrokerErrorCode = 'unavailable' | 'closed' | 'refused';

/** A broker's call that failed. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
