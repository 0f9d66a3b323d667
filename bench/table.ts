/** A row of figures, and those of its control, as they were measured in the same run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** What the control took for the same. */
  readonly control: number;
}

/** As a table of Markdown. */
export function formatRows(title: string, rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, unit, value, control }) =>
      `| ${what} | ${show(value)} ${unit} | ${show(control)} ${unit} | ${(value / control).toFixed(2)} |`,
  );
  return [`| ${title} | Message Flow | control | ratio |`, '|---|---|---|---|', ...lines].join('\n');
}

/** Three digits are all that a machine which is shared can give. */
export function show(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
