import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findDecimalYear } from '../../../examples/observatory/back/decimal-year.ts';
import { MAX_POINTS, parseLightCurve } from '../../../examples/observatory/back/light-curve.ts';
import { LightCurveError } from '../../../examples/observatory/back/light-curve-error.ts';
import { MAX_CURVE_BYTES } from '../../../examples/observatory/back/table.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseLightCurve(encode(text));

/** Ten good lines, the first of which is line 1. */
const rows = Array.from({ length: 10 }, (_, i) => `${2000 + i},${(i * i) % 7}`);

function refusalOf(bytes: Uint8Array): LightCurveError {
  try {
    parseLightCurve(bytes);
  } catch (error) {
    if (error instanceof LightCurveError) return error;
    throw error;
  }
  throw new Error('Cannot refuse file: it was read');
}

function refusalOfLine(row: string): Pick<LightCurveError, 'code' | 'line' | 'message'> {
  const { code, line, message } = refusalOf(encode([...rows, row].join('\n')));
  return { code, line, message };
}

describe('what can be read', () => {
  test('a header names the columns and is no point', () => {
    const curve = parse(['year,sunspot number', ...rows].join('\n'));
    expect([curve.timeName, curve.valueName, curve.times.length]).toEqual(['year', 'sunspot number', 10]);
  });

  test('a file without a header begins with a point', () => {
    expect(parse(rows.join('\n')).times[0]).toBe(2000);
  });

  test.each([',', ';', '\t'])('%j separates columns', (separator) => {
    const curve = parse(rows.join('\n').replaceAll(',', separator));
    expect(Array.from(curve.values)).toEqual([0, 1, 4, 2, 2, 4, 1, 0, 1, 4]);
  });

  test.each(['\n', '\r\n', '\r'])('%j ends lines', (end) => {
    expect(parse(rows.join(end)).times).toHaveLength(10);
  });

  test('comments, blank lines, a byte order mark, quotes and further columns are passed over', () => {
    const text = `\uFEFF# a comment, with a comma\n\n"t","v","error"\n${rows.map((row) => `${row},9`).join('\n')}\n,,\n`;
    expect(parse(text)).toMatchObject({ timeName: 't', valueName: 'v' });
    expect(parse(text).times).toHaveLength(10);
  });

  test.each(['', ' ', 'NaN', 'NA'])('a value that is %j is a gap', (value) => {
    expect(Array.from(parse([...rows, `2010,${value}`].join('\n')).times)).not.toContain(2010);
  });

  test('points are put in order of time', () => {
    expect(Array.from(parse([...rows].reverse().join('\n')).times)).toEqual(Array.from(parse(rows.join('\n')).times));
  });

  test('dates become years', () => {
    const curve = parse(rows.map((row) => row.replace(',', '-07-02,')).join('\n'));
    expect(curve.timeUnit).toBe('year');
    expect(curve.times[1]).toBeCloseTo(2001 + 182 / 365, 10);
  });

  test.each([
    ['2451545.5', '', 'day'],
    ['1998.25', '', 'year'],
    ['12.5', '', 'unknown'],
    ['12.5', 'HJD,mag\n', 'day'],
    ['12.5', 'year,n\n', 'year'],
  ])('times like %s under the header %j count in the unit "%s"', (first, header, unit) => {
    const text = header + rows.map((_, i) => `${Number(first) + i},${i % 3}`).join('\n');
    expect(parse(text).timeUnit).toBe(unit);
  });
});

describe('what is wrong is said with its line', () => {
  test.each([
    ['soon,5', 'bad-time', 'Cannot read line 11: time is "soon", expected a number such as 1998.25 or 2451545'],
    [
      '2001-02-03,5',
      'bad-time',
      'Cannot read line 11: time is "2001-02-03", expected a number such as 1998.25 or 2451545',
    ],
    [
      '2010,many',
      'bad-value',
      'Cannot read line 11: value is "many", expected a number such as 12.5, or nothing where it is missing',
    ],
    [
      '2010,0x10',
      'bad-value',
      'Cannot read line 11: value is "0x10", expected a number such as 12.5, or nothing where it is missing',
    ],
    [
      '2010 5',
      'missing-column',
      'Cannot read line 11: it is "2010 5", expected a time and a value separated by a comma, a semicolon or a tab',
    ],
    ['2003,5', 'repeated-time', 'Cannot read line 11: time is 2003, which line 4 has too'],
  ])('%j', (row, code, message) => {
    expect(refusalOfLine(row)).toEqual({ code, line: 11, message });
  });

  test('comments and the header count as lines, as an editor counts them', () => {
    expect(refusalOf(encode(`# source\nyear,n\n\n${rows.join('\n')}\nsoon,5`)).line).toBe(14);
  });

  test('what stood there is quoted in part, with nothing unprintable', () => {
    const { message } = refusalOfLine(`2010,\u0007${'x'.repeat(1000)}`);
    expect(message).toContain(`"\\u0007${'x'.repeat(39)}…"`);
    expect(message.length).toBeLessThan(200);
  });

  test('a file of dates says so of a line that is none', () => {
    const dates = rows.map((row) => row.replace(',', '-01-01,'));
    expect(refusalOf(encode([...dates, '2010.5,1'].join('\n'))).message).toBe(
      'Cannot read line 11: time is "2010.5", expected a date such as 1998-04-02, as in the first line',
    );
  });

  test('a point too many is named', () => {
    const text = Array.from({ length: MAX_POINTS + 1 }, (_, i) => `${i},${i % 5}`).join('\n');
    expect(refusalOf(encode(text))).toMatchObject({ code: 'too-many-points', line: MAX_POINTS + 1 });
  });
});

describe('what is wrong with the whole file has no line', () => {
  test.each([
    ['no points', encode(''), 'too-few-points'],
    ['nine points', encode(rows.slice(1).join('\n')), 'too-few-points'],
    ['the same value everywhere', encode(rows.map((row) => row.replace(/,.*/, ',5')).join('\n')), 'flat'],
    ['more than 2 MiB', new Uint8Array(MAX_CURVE_BYTES + 1), 'too-large'],
    ['bytes that are no UTF-8', Uint8Array.of(0x50, 0x4b, 0xff, 0xfe), 'not-text'],
    ['a NUL', encode('PK\0\0'), 'not-text'],
  ])('%s', (_, bytes, code) => {
    expect(refusalOf(bytes)).toMatchObject({ code, line: undefined });
    expect(refusalOf(bytes).message).toMatch(/^Cannot read file: /);
  });
});

describe('whatever the bytes', () => {
  const cell = fc.oneof(
    fc.constantFrom('', 'NaN', '1e400', '-0', '2000-02-30', '1999-12-31T23:59:59Z', '"', '#', 'year', '.', '1e-320'),
    fc.double().map(String),
    fc.string({ maxLength: 8 }),
  );
  const line = fc.tuple(cell, fc.constantFrom(',', ';', '\t', ' '), cell).map((parts) => parts.join(''));

  test('nothing is thrown but a refusal, and what is read is finite and strictly rising', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(line, { maxLength: 40 }).map((all) => encode(all.join('\n'))),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        try {
          const { times, values } = parseLightCurve(file);
          expect(times.every((time, i) => Number.isFinite(time) && (i === 0 || time > (times[i - 1] ?? time)))).toBe(
            true,
          );
          expect(values.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(LightCurveError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a curve written as CSV is read back as it was', () => {
    const numbers = fc.double({ noNaN: true, min: -1e100, max: 1e100 });
    const curves = fc
      .uniqueArray(fc.tuple(numbers, numbers), { minLength: 10, maxLength: 50, selector: ([time]) => time + 0 })
      .filter((points) => points.some(([, value]) => value !== points[0]?.[1]));
    fc.assert(
      fc.property(curves, (points) => {
        const curve = parse(points.map((point) => point.join(';')).join('\n'));
        const sorted = [...points].sort(([a], [b]) => a - b);
        expect(Array.from(curve.times, (time, i) => [time + 0, (curve.values[i] ?? 0) + 0])).toEqual(
          sorted.map(([time, value]) => [time + 0, value + 0]),
        );
      }),
    );
  });
});

describe('dates', () => {
  test.each([
    ['2000-01-01', 2000],
    ['2000-07-02', 2000.5],
    ['2001-12-31T24:00', undefined],
    ['2001-01-01T12:00', 2001 + 0.5 / 365],
    ['2001-01-01T12:00:00+12:00', 2001],
    ['0099-01', 99],
    ['2001-02-29', undefined],
    ['2001-13-01', undefined],
    ['2001', undefined],
  ])('%s is the year %s', (text, year) => {
    if (year === undefined) expect(findDecimalYear(text)).toBeUndefined();
    else expect(findDecimalYear(text)).toBeCloseTo(year, 10);
  });
});
