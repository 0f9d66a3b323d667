import type { Engine } from './engine.ts';
import { KINDS } from './judge.ts';
import { countWrong, type Result } from './results.ts';
import type { Scenario } from './scenario.ts';

const [BEGIN, END] = ['<!-- results: written by `make faults` -->', '<!-- end of results -->'];

type Row = Pick<Scenario, 'name' | 'says' | 'fits'>;
type Column = Pick<Engine, 'name' | 'says'>;

/** One line about a run, for whoever waits. */
export function formatProgress(result: Result): string {
  const { engine, fault, faults, tookMs, acknowledgedCount } = result;
  const verdict = faults.length === 0 ? 'ok    ' : 'FAILED';
  const sums = `${formatCell(result)}; ${formatCount(acknowledgedCount)} said`;
  const reasons = faults.slice(0, 5).map((fault) => `\n  ${fault}`);
  return `${engine.padEnd(15)}${fault.padEnd(17)}${verdict} ${sums} (${Math.round(tookMs / 1000)} s)${reasons.join('')}`;
}

/** All results as a table of faults by engines, with what was meant by each, and the sums. */
export function formatResults(
  results: readonly Result[],
  { rows, columns, conditions }: { rows: readonly Row[]; columns: readonly Column[]; conditions: string },
): string {
  const find = (row: Row, column: Column) =>
    results.find(({ engine, fault }) => engine === column.name && fault === row.name);
  const table = [
    ['', ...columns.map(({ name, says }) => `${name}: ${says}`)],
    ['---', ...columns.map(() => '---')],
    ...rows.map((row) => [row.says, ...columns.map((column) => formatCell(find(row, column)))]),
  ];
  const sumOf = (read: (result: Result) => number) => results.reduce((sum, result) => sum + read(result), 0);
  const kinds = KINDS.map((kind) => `${kind} ${formatCount(sumOf(({ counts }) => counts[kind]))}`);
  return [
    `On ${conditions}:`,
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `In all ${results.length} runs: ${kinds.join(', ')}, untold ${formatCount(sumOf(({ untoldCount }) => untoldCount))}, of ` +
      `${formatCount(sumOf(({ deliveredCount }) => deliveredCount))} deliveries; ` +
      `${formatCount(sumOf(({ gapCount }) => gapCount))} gaps told.`,
  ].join('\n');
}

/** True when no cell of the matrix is without its run. */
export function isWhole(results: readonly Result[], rows: readonly Scenario[], columns: readonly Engine[]): boolean {
  return rows.every((row) =>
    columns.every(
      (column) =>
        row.fits?.(column) === false ||
        results.some(({ engine, fault }) => engine === column.name && fault === row.name),
    ),
  );
}

/** Puts results in the place of earlier ones; the text around them stays. */
export function putResults(document: string, results: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new RangeError(`Cannot write the results: the document has no place "${BEGIN}"`);
  return `${document.slice(0, from)}${BEGIN}\n${results}\n${document.slice(to)}`;
}

function formatCell(result: Result | undefined): string {
  if (!result) return '–';
  const { deliveredCount, gapCount, forgottenCount, recoveriesMs, counts, untoldCount } = result;
  const wrong = Object.entries({ ...counts, untold: untoldCount }).filter(([, count]) => count > 0);
  const named = wrong.length === 0 ? '' : ` (${wrong.map(([kind, count]) => `${kind} ${count}`).join(', ')})`;
  const parts = [`**${countWrong(result)}** of ${formatCount(deliveredCount)}${named}`];
  if (gapCount > 0) parts.push(`${formatCount(gapCount)} gaps`);
  if (forgottenCount > 0) parts.push(`${formatCount(forgottenCount)} forgotten`);
  if (recoveriesMs.length > 0) parts.push(`${(Math.max(...recoveriesMs) / 1000).toFixed(1)} s`);
  return parts.join('; ');
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}
