import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const ROW_COUNT = 52;

interface Row {
  readonly number: number;
  readonly claim: string;
  readonly shownBy: string;
}

/** The rows of the table, in the document's order. */
function readRows(): Row[] {
  const lines = readFileSync(join(ROOT, 'docs/seed.md'), 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, number = '', claim = '', , shownBy = ''] = line.split('|').map((cell) => cell.trim());
    return /^\d+$/.test(number) ? [{ number: Number(number), claim, shownBy }] : [];
  });
}

/** What of a row is not there: a path, or a test that a path is said to hold. */
function findLies({ number, shownBy }: Row): string[] {
  const named = [...shownBy.matchAll(/`([^`]+)`(?: › "([^"]+)")?/g)];
  if (named.length === 0) return [`${number} names nothing`];
  return named.flatMap(([, path = '', title]) => {
    const file = join(ROOT, path);
    if (!existsSync(file)) return [`${number}: there is no ${path}`];
    if (title === undefined) return [];
    const isThere = statSync(file).isFile() && readFileSync(file, 'utf8').replaceAll("\\'", "'").includes(title);
    return isThere ? [] : [`${number}: ${path} has no "${title}"`];
  });
}

test('every row of the pattern is in the table, once and in order', () => {
  expect(readRows().map(({ number }) => number)).toEqual(Array.from({ length: ROW_COUNT }, (_, i) => i + 1));
  expect(readRows().filter(({ claim }) => claim === '')).toEqual([]);
});

test('every file and every test that the table names is there', () => {
  expect(readRows().flatMap(findLies)).toEqual([]);
});

test('a row that names what is not there is found out', () => {
  const row = { number: 1, claim: 'x' };
  expect(findLies({ ...row, shownBy: '`test/none.test.ts`' })).toHaveLength(1);
  const title = ['no test', 'is called so'].join(' ');
  expect(findLies({ ...row, shownBy: `\`test/seed.test.ts\` › "${title}"` })).toHaveLength(1);
  expect(findLies({ ...row, shownBy: '' })).toHaveLength(1);
  expect(findLies({ ...row, shownBy: 'later' })).toHaveLength(1);
});
