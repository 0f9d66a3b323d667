import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDigest, MAX_DRAWN_POINTS } from '../../../examples/observatory/back/digest.ts';
import { type LightCurve, parseLightCurve } from '../../../examples/observatory/back/light-curve.ts';
import { computePeriodogram, type Periodogram } from '../../../examples/observatory/back/periodogram.ts';
import { removeTrend } from '../../../examples/observatory/back/trend.ts';

const SERIES = new URL('../../../examples/observatory/series/', import.meta.url);

function compute(curve: LightCurve): Periodogram {
  const steps = computePeriodogram(curve);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

function curveOf(times: number[], valueAt: (time: number) => number): LightCurve {
  return {
    timeUnit: 'day',
    timeName: 't',
    valueName: 'v',
    times: Float64Array.from(times),
    values: Float64Array.from(times, valueAt),
  };
}

async function readSeries(name: string): Promise<LightCurve> {
  return parseLightCurve(await readFile(new URL(name, SERIES)));
}

const wave = (period: number) => (time: number) => Math.sin((2 * Math.PI * time) / period);
/** Uneven, but the same on every run. */
const scattered = (count: number) => Array.from({ length: count }, (_, i) => i + 0.4 * Math.sin(i * i));

describe('what is known is found', () => {
  test('sunspots come and go in about 11 years', async () => {
    const { best, periods } = compute(await readSeries('sunspots.csv'));
    expect(best?.period).toBeGreaterThan(10.5);
    expect(best?.period).toBeLessThan(11.5);
    expect(best?.falseAlarm).toBeLessThan(1e-6);
    expect(periods.length).toBeGreaterThan(1000);
  });

  test('the CO₂ in the air swings once a year, although it rises by far more', async () => {
    const { best } = compute(await readSeries('co2.csv'));
    expect(best?.period).toBeGreaterThan(0.99);
    expect(best?.period).toBeLessThan(1.01);
  });

  test('a sinusoid at scattered times is found, and explains everything', () => {
    const { best } = compute(curveOf(scattered(300), wave(17.3)));
    expect(best?.period).toBeCloseTo(17.3, 2);
    expect(best?.power).toBeGreaterThan(0.999);
  });

  test('neither the unit of time, nor that of the values, nor their zero changes what is found', () => {
    const times = scattered(200);
    const plain = compute(curveOf(times, wave(9)));
    const scaled = compute({
      ...curveOf(times, (time) => 1e50 * (1 + wave(9)(time))),
      times: Float64Array.from(times, (time) => 1e6 + time * 1e-3),
    });
    expect(scaled.best?.period).toBeCloseTo((plain.best?.period ?? 0) * 1e-3, 6);
    expect(scaled.best?.power).toBeCloseTo(plain.best?.power ?? 0, 4);
  });
});

describe('what cannot be known is not claimed', () => {
  test('a straight line has no period', () => {
    expect(compute(curveOf(scattered(50), (time) => 3 * time + 1e6)).best).toBeNull();
  });

  test('what has not come round twice is not the best period', () => {
    const { best } = compute(curveOf(scattered(200), wave(160)));
    expect(best?.period ?? 0).toBeLessThanOrEqual(100.1);
  });

  test('the highest peak of noise is no discovery', () => {
    // A hash of the index: noise that is the same on every run.
    const noise = (time: number) => (Math.imul(Math.floor(time * 1000), 2654435761) >>> 0) / 2 ** 32;
    expect(compute(curveOf(scattered(400), noise)).best?.falseAlarm).toBeGreaterThan(0.001);
  });

  test('power is a share: between 0 and 1, whatever the series', () => {
    const numbers = fc.double({ noNaN: true, min: -1e100, max: 1e100 });
    const curves = fc.uniqueArray(fc.tuple(numbers, numbers), {
      minLength: 10,
      maxLength: 20,
      selector: ([time]) => time,
    });
    fc.assert(
      fc.property(curves, (points) => {
        const sorted = [...points].sort(([a], [b]) => a - b);
        const values = sorted.map(([, value]) => value);
        const curve = {
          ...curveOf([], () => 0),
          times: Float64Array.from(sorted, ([time]) => time),
          values: Float64Array.from(values),
        };
        expect(compute(curve).powers.every((power) => power >= 0 && power <= 1)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe('on the way', () => {
  test('each step says how far it has come, and the last one is all of it', () => {
    const steps = [...computePeriodogram(curveOf(scattered(2000), wave(9)))];
    expect(steps.length).toBeGreaterThan(10);
    expect(steps.every(({ done }, i) => done > (steps[i - 1]?.done ?? 0))).toBe(true);
    expect(steps.at(-1)?.done).toBe(steps[0]?.total);
  });

  test('a trend is removed whatever its size, and nothing else', () => {
    const times = Float64Array.from(scattered(50));
    const residuals = removeTrend(
      times,
      times.map((time) => 1000 * time + 5),
    );
    expect(Math.max(...residuals.map(Math.abs))).toBeLessThan(1e-9);
  });
});

describe('what is sent to screens', () => {
  test.each(['sunspots.csv', 'co2.csv'])('%s makes a small message', async (name) => {
    const curve = await readSeries(name);
    const digest = createDigest(curve, compute(curve));
    expect(digest.series.length).toBeLessThanOrEqual(MAX_DRAWN_POINTS);
    expect(digest.spectrum.length).toBeLessThanOrEqual(MAX_DRAWN_POINTS);
    expect(digest.folded).toHaveLength(50);
    expect(JSON.stringify(digest).length).toBeLessThan(30_000);
  });

  test('the highest and the lowest value and the highest power survive, in order', async () => {
    const curve = await readSeries('sunspots.csv');
    const periodogram = compute(curve);
    const { series, spectrum, best } = createDigest(curve, periodogram);
    const values = series.map(([, value]) => value);
    expect([Math.min(...values), Math.max(...values)]).toEqual([Math.min(...curve.values), Math.max(...curve.values)]);
    expect(Math.max(...spectrum.map(([, power]) => power))).toBeCloseTo(Math.max(...periodogram.powers), 4);
    expect(best?.period).toBeCloseTo(periodogram.best?.period ?? 0, 3);
    expect(series.every(([time], i) => time >= (series[i - 1]?.[0] ?? 0))).toBe(true);
    expect(spectrum.every(([period], i) => period > (spectrum[i - 1]?.[0] ?? 0))).toBe(true);
  });

  test('a short series is sent as it is', () => {
    const curve = curveOf(scattered(20), wave(5));
    expect(createDigest(curve, compute(curve)).series).toHaveLength(20);
  });

  test('without a best period nothing is folded', () => {
    const curve = curveOf(scattered(20), (time) => time);
    expect(createDigest(curve, compute(curve))).toMatchObject({ best: null, folded: [] });
  });
});
