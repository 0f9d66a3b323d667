/** Why a file is not a light curve. */
export type LightCurveErrorCode =
  | 'too-large'
  | 'not-text'
  | 'missing-column'
  | 'bad-time'
  | 'bad-value'
  | 'repeated-time'
  | 'too-many-points'
  | 'too-few-points'
  | 'flat';

/** Says what is wrong with an uploaded file, and in which line, in words for the person who uploaded it. */
export class LightCurveError extends Error {
  override readonly name = 'LightCurveError';
  readonly code: LightCurveErrorCode;
  /** Counted from 1 as an editor shows it; absent if the fault is the whole file's. */
  readonly line: number | undefined;

  constructor(code: LightCurveErrorCode, problem: string, line?: number) {
    super(`Cannot read ${line === undefined ? 'file' : `line ${line}`}: ${problem}`);
    this.code = code;
    this.line = line;
  }
}

const MAX_QUOTED_CHARS = 40;

/** Quotes a piece of a file for a message: bounded, and with everything unprintable escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text);
}
