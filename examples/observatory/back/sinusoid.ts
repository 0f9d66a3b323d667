import type { FrequencyGrid } from './frequency-grid.ts';

/** Tries one frequency of a grid after the other on a series. */
export interface SinusoidFit {
  /** The share of the series' variance that the best sinusoid of the next frequency explains: 0 to 1. */
  measureNext(): number;
}

// A rotation's rounding errors add up; a fresh start costs ten times a turn.
const TURNS_BETWEEN_STARTS = 256;
// Where sine and cosine cannot be told apart at the sampled times, a fit is a division by noise.
const MIN_DETERMINANT = 1e-10;

/**
 * Fits sinusoids with a mean of their own ("floating") to a series, so that gaps at always the same phase do no harm:
 * M. Zechmeister and M. Kürster 2009, Astronomy & Astrophysics 496, 577, equations 5 to 15 with equal weights. `values`
 * have mean 0 and variance 1. From one frequency to the next each point's angle grows by a constant, so sine and cosine
 * come from turning the last ones (angle addition) and not from the mathematical library: five times as fast.
 */
export function createSinusoidFit(times: Float64Array, values: Float64Array, grid: FrequencyGrid): SinusoidFit {
  const angles = {
    cosines: new Float64Array(times.length),
    sines: new Float64Array(times.length),
    turnCosines: times.map((time) => Math.cos(2 * Math.PI * grid.step * time)),
    turnSines: times.map((time) => Math.sin(2 * Math.PI * grid.step * time)),
  };
  let index = 0;
  return {
    measureNext() {
      if (index % TURNS_BETWEEN_STARTS === 0) start(angles, times, grid.first + index * grid.step);
      index += 1;
      return measureAndTurn(angles, values);
    },
  };
}

/** Sine and cosine of each point's angle at this frequency, and of what it grows by to the next. */
interface Angles {
  cosines: Float64Array;
  sines: Float64Array;
  turnCosines: Float64Array;
  turnSines: Float64Array;
}

function start({ cosines, sines }: Angles, times: Float64Array, frequency: number): void {
  for (const [i, time] of times.entries()) {
    cosines[i] = Math.cos(2 * Math.PI * frequency * time);
    sines[i] = Math.sin(2 * Math.PI * frequency * time);
  }
}

function measureAndTurn({ cosines, sines, turnCosines, turnSines }: Angles, values: Float64Array): number {
  const count = values.length;
  let c = 0;
  let s = 0;
  let yc = 0;
  let ys = 0;
  let cc = 0;
  let cs = 0;
  for (let i = 0; i < count; i++) {
    const y = values[i] as number;
    const cos = cosines[i] as number;
    const sin = sines[i] as number;
    c += cos;
    s += sin;
    yc += y * cos;
    ys += y * sin;
    cc += cos * cos;
    cs += cos * sin;
    const turnCos = turnCosines[i] as number;
    const turnSin = turnSines[i] as number;
    cosines[i] = cos * turnCos - sin * turnSin;
    sines[i] = sin * turnCos + cos * turnSin;
  }
  return powerOf(c / count, s / count, yc / count, ys / count, cc / count, cs / count);
}

/** Equations 5 to 15, from the means of the products; those with the values' mean fall away, as it is 0. */
function powerOf(c: number, s: number, yc: number, ys: number, cc: number, cs: number): number {
  const varianceCos = cc - c * c;
  const varianceSin = 1 - cc - s * s;
  const covariance = cs - c * s;
  const determinant = varianceCos * varianceSin - covariance * covariance;
  if (!(determinant > MIN_DETERMINANT)) return 0;
  const power = (varianceSin * yc * yc + varianceCos * ys * ys - 2 * covariance * yc * ys) / determinant;
  return Math.min(1, Math.max(0, power));
}
