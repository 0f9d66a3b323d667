/**
 * Subtracts the straight line that fits a series best. A trend is a period longer than the series, of which a periodogram can
 * know nothing; left in, it hides what can be known: the CO₂ in the air has risen by ten times its seasonal swing.
 */
export function removeTrend(times: Float64Array, values: Float64Array): Float64Array {
  const meanTime = mean(times);
  const meanValue = mean(values);
  let covariance = 0;
  let variance = 0;
  for (const [i, time] of times.entries()) {
    covariance += (time - meanTime) * ((values[i] ?? 0) - meanValue);
    variance += (time - meanTime) ** 2;
  }
  const slope = variance > 0 ? covariance / variance : 0;
  return values.map((value, i) => value - meanValue - slope * ((times[i] ?? 0) - meanTime));
}

function mean(numbers: Float64Array): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum / numbers.length;
}
