import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Catch, Tally } from './campaign.ts';
import { MANNER_NAMES } from './manners.ts';
import seeds from './seeds.json' with { type: 'json' };
import { simulate } from './simulation.ts';
import { VARIANTS } from './variants.ts';

const SEEDS = 20_000;
const TIMEOUT_MS = 3_600_000;
const REPORT = `.cache/simulation-report-${process.pid}.json`;

let report: Tally & { readonly variants: readonly Catch[]; readonly unmet: readonly string[] };

// Bundled and on threads of its own, as `make simulate` runs it: three times as fast as within the test runner.
beforeAll(async () => {
  const run = promisify(execFile)('npm', ['run', '-s', 'simulate', '--', '--seeds', String(SEEDS), '--report', REPORT]);
  await run.catch(() => {}); // what failed is in the report
  report = JSON.parse(readFileSync(REPORT, 'utf8')) as typeof report;
  rmSync(REPORT);
}, TIMEOUT_MS);

describe('the simulation', () => {
  test('finds no breach in any seed', () => {
    expect(report.failures).toEqual([]);
    expect(report.seeds).toBe(SEEDS + seeds.length);
  });

  test('meets every fault and every way of the resume often', () => {
    expect(report.unmet).toEqual([]);
  });

  test.each(VARIANTS.flatMap(({ name, manners = ['any'] }) => manners.map((manner) => [name, manner])))(
    'catches the variant %s (%s)',
    (name, manner) => {
      const found = report.variants.find((variant) => variant.name === name && variant.manner === manner);
      expect(found?.breach).toBeDefined();
    },
  );

  test.each(MANNER_NAMES)('meets engines with the manner %s', (name) => {
    expect(report.manners[name]?.seeds).toBeGreaterThan(SEEDS / 20);
  });
});

test('a seed gives the same run each time', async () => {
  const [first, second] = [await traceOf(7), await traceOf(7)];
  expect(first.length).toBeGreaterThan(100);
  expect(second).toEqual(first);
});

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await simulate(seed, { trace: (line) => lines.push(line) });
  return lines;
}
