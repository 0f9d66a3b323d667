import { joinSegments, type LogName } from '../protocol/index.ts';

/** The names of a pattern's parameters: `"project/:projectId"` gives `"projectId"`. */
export type ParamName<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? ParamName<Head> | ParamName<Rest>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

/** The parameters that fill a pattern: non-empty strings, one for each `:name`. */
export type ParamsOf<Pattern extends string> = { readonly [Name in ParamName<Pattern>]: string };

/**
 * Fills a pattern and names the log.
 * @throws {RangeError} when a parameter is missing or empty, or the name is longer than 200 bytes
 */
export function fillPattern(
  kind: 'channel' | 'store',
  pattern: string,
  params: Readonly<Record<string, string>>,
): LogName {
  const segments = pattern.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment;
    const name = segment.slice(1);
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (typeof value !== 'string' || value === '') {
      throw new RangeError(`Cannot fill "${pattern}": parameter "${name}" is ${value === '' ? 'empty' : typeof value}`);
    }
    return value;
  });
  return joinSegments(kind, segments);
}

/** The parameters that fill a pattern to these raw segments; undefined when it does not fit. */
export function matchPattern(pattern: string, segments: readonly string[]): Record<string, string> | undefined {
  const parts = pattern.split('/');
  if (parts.length !== segments.length) return undefined;
  const params: [name: string, value: string][] = [];
  for (const [i, part] of parts.entries()) {
    const segment = segments[i] as string;
    if (part.startsWith(':')) params.push([part.slice(1), segment]);
    else if (part !== segment) return undefined;
  }
  return Object.fromEntries(params);
}

/**
 * Checks a pattern's shape.
 * @throws {RangeError} when a segment is empty, a parameter is not an identifier, or one comes twice
 */
export function checkPattern(pattern: string): void {
  const segments = pattern.split('/');
  const names = segments.filter((segment) => segment.startsWith(':'));
  const wrong = segments.find(
    (segment) => segment === '' || (segment.startsWith(':') && !/^:[A-Za-z_]\w*$/.test(segment)),
  );
  if (wrong !== undefined)
    throw new RangeError(`Cannot use the pattern "${pattern}": segment "${wrong}" is no name and no :parameter`);
  if (new Set(names).size < names.length)
    throw new RangeError(`Cannot use the pattern "${pattern}": a parameter comes twice`);
}

/** True when both patterns can be filled to one name, so that its log would have two meanings. */
export function doOverlap(a: string, b: string): boolean {
  const [left, right] = [a.split('/'), b.split('/')];
  const fits = (x: string, y: string | undefined) => x.startsWith(':') || y?.startsWith(':') || x === y;
  return left.length === right.length && left.every((segment, i) => fits(segment, right[i]));
}
