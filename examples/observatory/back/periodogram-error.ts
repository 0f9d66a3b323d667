export type PeriodogramErrorCode = 'busy' | 'cancelled' | 'timed-out' | 'crashed' | 'closed';

/** Says why a periodogram did not come to be. `busy` may be tried again later; the others are this computation's end. */
export class PeriodogramError extends Error {
  override readonly name = 'PeriodogramError';
  readonly code: PeriodogramErrorCode;

  constructor(code: PeriodogramErrorCode, problem: string, options?: ErrorOptions) {
    super(`Cannot compute periodogram: ${problem}`, options);
    this.code = code;
  }
}
