import type { TimeUnit } from '../shared/result.ts';
import { findDecimalYear } from './decimal-year.ts';
import { LightCurveError, quote } from './light-curve-error.ts';
import { readRows } from './table.ts';

export const MAX_POINTS = 50_000;
const MIN_POINTS = 10;

/** A measured series: times strictly rising, one finite value each, at whatever intervals they were taken. */
export interface LightCurve {
  timeUnit: TimeUnit;
  timeName: string;
  valueName: string;
  times: Float64Array;
  values: Float64Array;
}

/**
 * Reads a light curve from a CSV file: a time and a value per line, further columns ignored, in any order of time. Times are
 * numbers (years, Julian dates, anything) or ISO 8601 dates; a line whose value is empty, `NaN` or `NA` is a gap.
 *
 * @throws {LightCurveError} and nothing else, whatever the bytes.
 */
export function parseLightCurve(bytes: Uint8Array): LightCurve {
  const { header, rows } = readRows(bytes, isHeader);
  const points: { time: number; value: number; line: number }[] = [];
  const findTime = isDate(rows[0]?.time) ? findDecimalYear : findNumber;
  for (const { line, time, value } of rows) {
    const x = findTime(time);
    if (x === undefined) {
      throw new LightCurveError('bad-time', `time is ${quote(time)}, ${expectedTime(findTime)}`, line);
    }
    if (isMissing(value)) continue;
    const y = findNumber(value);
    if (y === undefined) {
      const expected = 'expected a number such as 12.5, or nothing where it is missing';
      throw new LightCurveError('bad-value', `value is ${quote(value)}, ${expected}`, line);
    }
    if (points.length === MAX_POINTS) {
      throw new LightCurveError('too-many-points', `file has more than ${MAX_POINTS} points`, line);
    }
    points.push({ time: x, value: y, line });
  }
  points.sort((a, b) => a.time - b.time || a.line - b.line);
  requireUsable(points);
  const times = Float64Array.from(points, (point) => point.time);
  return {
    timeUnit: findTime === findDecimalYear ? 'year' : guessUnit(header?.time ?? '', times),
    timeName: header?.time || 'time',
    valueName: header?.value || 'value',
    times,
    values: Float64Array.from(points, (point) => point.value),
  };
}

function requireUsable(points: { time: number; value: number; line: number }[]): void {
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before?.time === point.time) {
      const problem = `time is ${point.time}, which line ${before.line} has too`;
      throw new LightCurveError('repeated-time', problem, point.line);
    }
  }
  if (points.length < MIN_POINTS) {
    throw new LightCurveError('too-few-points', `it has ${points.length} points, at least ${MIN_POINTS} are needed`);
  }
  const first = points[0]?.value;
  if (points.every((point) => point.value === first)) {
    throw new LightCurveError('flat', `all ${points.length} values are ${first}, expected some that differ`);
  }
}

function isHeader(time: string, value: string): boolean {
  const isTime = findNumber(time) !== undefined || isDate(time);
  return !isTime && !isMissing(value) && findNumber(value) === undefined;
}

function isDate(time: string | undefined): boolean {
  return time !== undefined && findDecimalYear(time) !== undefined;
}

function isMissing(value: string): boolean {
  return /^(|nan|na)$/i.test(value);
}

// Squares of such values, summed over all points, stay far from Infinity.
const MAX_MAGNITUDE = 1e100;

function findNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Math.abs(number) <= MAX_MAGNITUDE ? number : undefined;
}

function expectedTime(findTime: typeof findNumber): string {
  return findTime === findNumber
    ? 'expected a number such as 1998.25 or 2451545'
    : 'expected a date such as 1998-04-02, as in the first line';
}

/** Numbers do not say what they count, but years and Julian dates look like nothing else. */
function guessUnit(name: string, times: Float64Array): TimeUnit {
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 0;
  if (/\b([hbmt]?jd|days?)\b/i.test(name) || (first > 2_300_000 && last < 2_600_000)) return 'day';
  if (/\byears?\b/i.test(name) || (first >= 1000 && last < 2200)) return 'year';
  return 'unknown';
}
