/** One axis of a plot: what it shows and how far. */
export interface Axis {
  label: string;
  type: 'linear' | 'log';
  domain: readonly [from: number, to: number];
}

/** Where the values of an axis lie on the screen. */
export interface Scale {
  place(value: number): number;
  ticks: { value: number; label: string }[];
}

/** Lays an axis out between two coordinates, with round numbers as ticks. */
export function createScale({ type, domain: [from, to] }: Axis, start: number, end: number): Scale {
  const warp = type === 'log' ? Math.log : (value: number) => value;
  const range = warp(to) - warp(from) || 1;
  const values = type === 'log' ? logTicks(from, to) : linearTicks(from, to);
  return {
    place: (value) => start + ((warp(value) - warp(from)) / range) * (end - start),
    ticks: values.map((value) => ({ value, label: String(Number(value.toPrecision(10))) })),
  };
}

function linearTicks(from: number, to: number): number[] {
  const rough = (to - from) / 4;
  if (!(rough > 0)) return [from];
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5].find((factor) => factor * magnitude >= rough) ?? 10);
  // 0.3 / 0.1 is a little less than 3.
  const first = Math.ceil(from / step - 1e-9);
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

function logTicks(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const decades = Array.from({ length: Math.ceil(Math.log10(to)) - first + 1 }, (_, i) => 10 ** (first + i));
  const isInside = (value: number) => value >= from && value <= to;
  const tens = decades.filter(isInside);
  return tens.length >= 3 ? tens : decades.flatMap((ten) => [ten, 2 * ten, 5 * ten]).filter(isInside);
}
