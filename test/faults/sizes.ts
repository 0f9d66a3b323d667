import type { Size } from './cast.ts';

/** Sizes of runs by name: `whole` is what the document is written from, `part` is what every change is tried with. */
export const SIZES: Readonly<Record<string, Size>> = {
  whole: { gateways: 3, screens: 200, crowds: 3, intervalMs: 200, rounds: 6, entriesAround: 60, storm: 5_000 },
  part: { gateways: 2, screens: 40, crowds: 2, intervalMs: 100, rounds: 2, entriesAround: 30, storm: 400 },
};
