/** Frequencies to try, in cycles per span of the series: `first`, `first + step`, … */
export interface FrequencyGrid {
  first: number;
  step: number;
  count: number;
}

// Five samples across a peak's width, which is one cycle per span, so that no peak falls between two frequencies.
const OVERSAMPLING = 5;
// A short series is sampled more finely: it costs little, and a best period read off the grid is more exact.
const MIN_FREQUENCIES = 20_000;
const MAX_FREQUENCIES = 50_000;
// One is one point at one frequency; so many take one core some ten seconds.
const MAX_EVALUATIONS = 2_000_000_000;

/**
 * Chooses the frequencies for a series of so many points: from one cycle per span up to half the mean sampling rate, or as
 * far as the budget reaches. Beyond that rate an evenly sampled series only repeats itself.
 */
export function createFrequencyGrid(pointCount: number): FrequencyGrid {
  const first = 1;
  const last = (pointCount - 1) / 2;
  const oversampling = Math.max(OVERSAMPLING, MIN_FREQUENCIES / (last - first));
  const affordable = Math.min(MAX_FREQUENCIES, Math.floor(MAX_EVALUATIONS / pointCount));
  return { first, step: 1 / oversampling, count: Math.min(Math.floor((last - first) * oversampling), affordable) };
}
