import type { TimeUnit } from './result.ts';

const PLURALS: Record<TimeUnit, string> = { year: 'years', day: 'days', unknown: '' };

/** Says a length of time to three digits: "11.0 years". */
export function describePeriod(period: number, unit: TimeUnit): string {
  const isPlain = period >= 0.01 && period < 1e6;
  const digits = isPlain && period >= 100 ? String(Math.round(period)) : period.toPrecision(3);
  return `${digits} ${PLURALS[unit]}`.trim();
}

/** The label of an axis that counts periods. */
export function labelPeriods(unit: TimeUnit): string {
  return unit === 'unknown' ? 'period' : `period (${PLURALS[unit]})`;
}
