import type { Result } from '../shared/result.ts';
import type { LightCurve } from './light-curve.ts';
import type { Periodogram } from './periodogram.ts';

export const MAX_DRAWN_POINTS = 400;
const PHASE_BIN_COUNT = 50;

/** Boils a periodogram down to what a screen can show: a plot is some hundred pixels wide, whatever the file's size. */
export function createDigest(curve: LightCurve, periodogram: Periodogram): Result {
  const { best, periods, powers, residuals } = periodogram;
  const { timeUnit, timeName, valueName, times, values } = curve;
  return {
    timeUnit,
    timeName,
    valueName,
    pointCount: times.length,
    frequencyCount: powers.length,
    series: thinSeries(times, values),
    spectrum: thinSpectrum(periods, powers),
    best: best && { period: round(best.period), power: round(best.power), falseAlarm: round(best.falseAlarm) },
    folded: best ? foldCurve(times, residuals, best.period) : [],
  };
}

/** Keeps the lowest and the highest value of each stretch of time, in order of time. */
function thinSeries(times: Float64Array, values: Float64Array): Result['series'] {
  const all: Result['series'] = Array.from(times, (time, i) => [roundTime(time), round(values[i] ?? 0)]);
  if (all.length <= MAX_DRAWN_POINTS) return all;
  const start = times[0] ?? 0;
  const span = (times.at(-1) ?? 0) - start;
  const bins: { low: number; high: number }[] = [];
  for (const [i, time] of times.entries()) {
    const bin = binOf((time - start) / span, MAX_DRAWN_POINTS / 2);
    const { low, high } = bins[bin] ?? { low: i, high: i };
    const value = values[i] ?? 0;
    bins[bin] = { low: value < (values[low] ?? 0) ? i : low, high: value > (values[high] ?? 0) ? i : high };
  }
  // Bins that a gap left empty are holes in the array, and flatMap passes over holes.
  const kept = bins.flatMap(({ low, high }) => (low === high ? [low] : [Math.min(low, high), Math.max(low, high)]));
  return kept.flatMap((i) => all.slice(i, i + 1));
}

/** Keeps the highest power of each stretch of the period axis, which is drawn logarithmic. */
function thinSpectrum(periods: Float64Array, powers: Float64Array): Result['spectrum'] {
  const shortest = Math.log(periods.at(-1) ?? 1);
  const range = Math.log(periods[0] ?? 1) - shortest;
  const bins: Result['spectrum'] = [];
  for (const [i, period] of periods.entries()) {
    const bin = binOf((Math.log(period) - shortest) / range, MAX_DRAWN_POINTS);
    const power = powers[i] ?? 0;
    if (power >= (bins[bin]?.[1] ?? 0)) bins[bin] = [round(period), round(power)];
  }
  return bins.flatMap((point) => [point]);
}

function foldCurve(times: Float64Array, residuals: Float64Array, period: number): Result['folded'] {
  const bins = Array.from({ length: PHASE_BIN_COUNT }, () => ({ count: 0, sum: 0, squares: 0 }));
  const start = times[0] ?? 0;
  for (const [i, time] of times.entries()) {
    const bin = bins[binOf(((time - start) / period) % 1, PHASE_BIN_COUNT)];
    const value = residuals[i] ?? 0;
    if (bin) {
      bin.count += 1;
      bin.sum += value;
      bin.squares += value * value;
    }
  }
  return bins.flatMap(({ count, sum, squares }, i) => {
    if (count === 0) return [];
    const mean = sum / count;
    const deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
    return [[(i + 0.5) / PHASE_BIN_COUNT, round(mean), round(deviation)]];
  });
}

function binOf(share: number, binCount: number): number {
  return Math.min(binCount - 1, Math.max(0, Math.floor(share * binCount)));
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}

/** Julian dates have seven digits before the point. */
function roundTime(time: number): number {
  return Number(time.toPrecision(11));
}
