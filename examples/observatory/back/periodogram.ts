import type { BestPeriod, Progress } from '../shared/result.ts';
import { createFrequencyGrid, type FrequencyGrid } from './frequency-grid.ts';
import type { LightCurve } from './light-curve.ts';
import { createSinusoidFit } from './sinusoid.ts';
import { removeTrend } from './trend.ts';

/** How well a sinusoid of each period fits a series. */
export interface Periodogram {
  /** In the series' time unit, falling. */
  periods: Float64Array;
  /** 0 to 1, one for each period. */
  powers: Float64Array;
  best: BestPeriod | null;
  /** The values without their linear trend: what was measured. */
  residuals: Float64Array;
}

// Some five milliseconds between two reports.
const EVALUATIONS_PER_STEP = 1_000_000;

/**
 * Computes the generalised Lomb–Scargle periodogram of a light curve, a few frequencies at a time: each step yields how far
 * it has come, so that the caller may report, pause or stop. The generator's return value is the periodogram.
 */
export function* computePeriodogram(curve: LightCurve): Generator<Progress, Periodogram, void> {
  const start = curve.times[0] ?? 0;
  const span = (curve.times.at(-1) ?? 0) - start;
  // In units of the span, so that no file's choice of unit comes near the ends of floating point.
  const phases = curve.times.map((time) => (time - start) / span);
  const residuals = removeTrend(phases, curve.values);
  const grid = createFrequencyGrid(phases.length);
  const fit = createSinusoidFit(phases, toUnitVariance(residuals, curve.values), grid);
  const powers = new Float64Array(grid.count);
  const perStep = Math.max(1, Math.floor(EVALUATIONS_PER_STEP / phases.length));
  for (let done = 0; done < grid.count; ) {
    const end = Math.min(done + perStep, grid.count);
    for (; done < end; done++) powers[done] = fit.measureNext();
    yield { done, total: grid.count };
  }
  const periods = powers.map((_, i) => span / frequencyAt(grid, i));
  return { periods, powers, best: findBest(grid, powers, span, phases.length), residuals };
}

function frequencyAt(grid: FrequencyGrid, index: number): number {
  return grid.first + index * grid.step;
}

// What subtraction leaves of a straight line is rounding, some 1e-16 of the values: nothing to look for periods in.
const ROUNDING = 1e-13;

function toUnitVariance(residuals: Float64Array, values: Float64Array): Float64Array {
  const largest = maxMagnitude(residuals);
  if (largest <= ROUNDING * maxMagnitude(values)) return residuals.map(() => 0);
  const bounded = residuals.map((value) => value / largest);
  const deviation = Math.sqrt(bounded.reduce((sum, value) => sum + value * value, 0) / bounded.length);
  return bounded.map((value) => value / deviation);
}

function maxMagnitude(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function findBest(grid: FrequencyGrid, powers: Float64Array, span: number, pointCount: number): BestPeriod | null {
  let peak = -1;
  for (const [i, power] of powers.entries()) {
    // What has not come round twice has not been seen to repeat.
    if (frequencyAt(grid, i) >= 2 && power > (powers[peak] ?? 0)) peak = i;
  }
  const power = powers[peak];
  if (power === undefined) return null;
  const period = span / frequencyAt(grid, peak + vertexOffset(powers, peak));
  return { period, power, falseAlarm: estimateFalseAlarm(power, pointCount, grid) };
}

/** Where the parabola through a peak and its neighbours has its top, in grid steps from the peak. */
function vertexOffset(powers: Float64Array, peak: number): number {
  const before = powers[peak - 1];
  const at = powers[peak] ?? 0;
  const after = powers[peak + 1];
  if (before === undefined || after === undefined || before >= at || after > at) return 0;
  return (before - after) / (2 * (before - 2 * at + after));
}

/** For white noise, and as many independent frequencies as cycles fit: Zechmeister & Kürster 2009, equations 22 to 24. */
function estimateFalseAlarm(power: number, pointCount: number, grid: FrequencyGrid): number {
  const single = (1 - power) ** ((pointCount - 3) / 2);
  const independent = grid.count * grid.step;
  return single >= 1 ? 1 : -Math.expm1(independent * Math.log1p(-single));
}
