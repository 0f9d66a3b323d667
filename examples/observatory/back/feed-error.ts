export type FeedErrorCode = 'unreachable' | 'too-large' | 'not-xml' | 'has-doctype' | 'not-a-feed';

/** Says why a feed could not be read this time. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;

  constructor(code: FeedErrorCode, problem: string, options?: ErrorOptions) {
    super(`Cannot read feed: ${problem}`, options);
    this.code = code;
  }
}
