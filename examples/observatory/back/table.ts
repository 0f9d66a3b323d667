import { LightCurveError, quote } from './light-curve-error.ts';

export const MAX_CURVE_BYTES = 2 * 1024 * 1024;

const SEPARATORS = ['\t', ';', ','];
const MAX_NAME_CHARS = 40;

/** The two cells of a line that matter, as text. */
export interface Row {
  /** Counted from 1. */
  line: number;
  time: string;
  value: string;
}

/**
 * Splits a CSV file into rows, leaving out blank lines and comments (`#`). The first line decides which separator the file
 * uses, and is the header if `isHeader` says so.
 */
export function readRows(
  bytes: Uint8Array,
  isHeader: (time: string, value: string) => boolean,
): { header: Omit<Row, 'line'> | undefined; rows: Row[] } {
  let header: Omit<Row, 'line'> | undefined;
  let separator: string | undefined;
  const rows: Row[] = [];
  const lines = decode(bytes).split(/\r\n|\n|\r/);
  for (const [index, content] of lines.entries()) {
    const text = content.trim();
    if (text === '' || text.startsWith('#')) continue;
    const isFirst = separator === undefined;
    separator ??= SEPARATORS.find((candidate) => content.includes(candidate)) ?? ',';
    const [time, value] = content.split(separator, 2).map(bare);
    if (time === '' && (value ?? '') === '') continue;
    if (time === undefined || value === undefined) {
      const expected = 'expected a time and a value separated by a comma, a semicolon or a tab';
      throw new LightCurveError('missing-column', `it is ${quote(text)}, ${expected}`, index + 1);
    }
    if (isFirst && isHeader(time, value)) header = { time: name(time), value: name(value) };
    else rows.push({ line: index + 1, time, value });
  }
  return { header, rows };
}

function decode(bytes: Uint8Array): string {
  if (bytes.byteLength > MAX_CURVE_BYTES) {
    throw new LightCurveError('too-large', `it has ${bytes.byteLength} bytes, limit is ${MAX_CURVE_BYTES}`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own error says only that some byte, nobody knows which, was wrong.
    throw notText();
  }
  // A spreadsheet or an image can be valid UTF-8 by accident, but hardly without a NUL.
  if (text.includes('\0')) throw notText();
  return text;
}

function notText(): LightCurveError {
  return new LightCurveError('not-text', 'it is not UTF-8 text, expected a CSV file');
}

function bare(cell: string): string {
  return cell
    .trim()
    .replace(/^"([^"]*)"$/, '$1')
    .trim();
}

function name(cell: string): string {
  return cell.slice(0, MAX_NAME_CHARS);
}
