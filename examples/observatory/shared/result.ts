/** What the numbers in a time column count: years of the calendar, days (Julian dates), or something the file does not say. */
export type TimeUnit = 'year' | 'day' | 'unknown';

/** How far a computation has come, in frequencies tried. */
export interface Progress {
  done: number;
  total: number;
}

/** The strongest period found, if any stands out at all. */
export interface BestPeriod {
  /** In the series' own time unit. */
  period: number;
  /** The share of the variance that a sinusoid of this period explains: 0 to 1. */
  power: number;
  /** The chance that pure noise would have given a peak as high: 0 to 1. */
  falseAlarm: number;
}

/**
 * What the server sends to every screen of a user once a periodogram is done: little enough for one message (some 20 kB
 * whatever the size of the upload), and enough to draw it.
 */
export interface Result {
  timeUnit: TimeUnit;
  timeName: string;
  valueName: string;
  pointCount: number;
  frequencyCount: number;
  /** Time and value; in a long series the lowest and the highest of each stretch, so that no spike is lost. */
  series: [time: number, value: number][];
  /** Period and power, longest period last; the highest power of each stretch. */
  spectrum: [period: number, power: number][];
  best: BestPeriod | null;
  /** The series without its trend, laid over itself at the best period: phase 0 to 1, mean, standard deviation. */
  folded: [phase: number, mean: number, deviation: number][];
}
