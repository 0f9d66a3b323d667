/** The name of a log, whole and canonical: what brokers key by, what frames carry, what tokens list. */
export type LogName = string & { readonly [brand]: 'LogName' };
declare const brand: unique symbol;

/** What a log is for; the first segment of its name. */
export type LogKind = 'everyone' | 'user' | 'run' | 'channel' | 'store' | 'control' | 'canary';

/** Longest name of a log, in bytes. Names are ASCII, so this is also its length. */
export const MAX_LOG_NAME_BYTES = 200;

/** The log that every authenticated connection follows. */
export const EVERYONE: LogName = 'everyone' as LogName;

/** The gateways' own log: revocations. Nobody else may follow it or publish to it. */
export const CONTROL: LogName = 'control' as LogName;

/** How many segments may follow the first, by kind. */
const SEGMENTS: Record<LogKind, readonly [least: number, most: number]> = {
  everyone: [0, 0],
  user: [1, 1],
  run: [3, 3],
  channel: [1, Number.POSITIVE_INFINITY],
  store: [1, Number.POSITIVE_INFINITY],
  control: [0, 0],
  canary: [1, 1],
};

/**
 * Names the log of one user.
 * @throws {RangeError} when the id is empty, `*` (the old pattern's word for everyone), no Unicode, or too long for a name
 */
export function userLog(user: string): LogName {
  return joinLogName('user', [user]);
}

/** Names the log by which a gateway checks itself. */
export function canaryLog(gateway: string): LogName {
  return joinLogName('canary', [gateway]);
}

/**
 * Joins a kind and its raw segments to a name; each segment is percent-encoded, so that the mapping is injective.
 * @throws {RangeError} when a segment is empty or holds half a surrogate pair, the kind has another number of segments,
 *   the user is `*`, or the whole is longer than 200 bytes
 */
export function joinLogName(kind: LogKind, segments: readonly string[]): LogName {
  const [least, most] = SEGMENTS[kind];
  if (segments.length < least || segments.length > most) {
    throw new RangeError(`Cannot name a log: "${kind}" takes ${least} to ${most} segments, not ${segments.length}`);
  }
  if (kind === 'user' && segments[0] === '*') {
    throw new RangeError('Cannot name a log of user "*": it means everyone'); // in peers of the old pattern
  }
  return joinSegments(kind, segments);
}

/**
 * As `joinLogName`, of kinds that take any segments, one at least. A page names no others, and downloads no more than this.
 * @throws {RangeError} when a segment is empty or holds half a surrogate pair, or the whole is longer than 200 bytes
 */
export function joinSegments(kind: LogKind, segments: readonly string[]): LogName {
  const name = [kind, ...segments.map(encodeSegment)].join('/');
  if (name.length > MAX_LOG_NAME_BYTES) {
    throw new RangeError(
      `Cannot name a log "${name.slice(0, 60)}…": ${name.length} bytes, limit is ${MAX_LOG_NAME_BYTES}`,
    );
  }
  return name as LogName;
}

/** Takes a text for a log's name if it is one: a known kind, the right number of segments, each encoded as we encode. */
export function findLogName(text: string): LogName | undefined {
  if (text.length > MAX_LOG_NAME_BYTES) return undefined;
  const [kind, ...segments] = text.split('/');
  const bounds = Object.hasOwn(SEGMENTS, kind as string) ? SEGMENTS[kind as LogKind] : undefined;
  if (!bounds || segments.length < bounds[0] || segments.length > bounds[1]) return undefined;
  if (!segments.every(isCanonicalSegment)) return undefined;
  return kind === 'user' && segments[0] === '%2A' ? undefined : (text as LogName);
}

/** The kind of a log. */
export function kindOf(log: LogName): LogKind {
  const slash = log.indexOf('/');
  return (slash < 0 ? log : log.slice(0, slash)) as LogKind;
}

/** The raw segments after the kind: `user/a%20b` gives `["a b"]`. */
export function segmentsOf(log: LogName): string[] {
  return log.split('/').slice(1).map(decodeURIComponent);
}

function encodeSegment(raw: string): string {
  if (raw === '') throw new RangeError('Cannot name a log: a segment is empty');
  try {
    // RFC 3986, 2.3: the unreserved characters stay; encodeURIComponent leaves five more that we encode too.
    return encodeURIComponent(raw).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  } catch (cause) {
    throw new RangeError(`Cannot name a log: ${JSON.stringify(raw)} holds half a surrogate pair`, { cause });
  }
}

function isCanonicalSegment(segment: string): boolean {
  try {
    return segment !== '' && encodeSegment(decodeURIComponent(segment)) === segment;
  } catch {
    return false; // not percent-encoded UTF-8: no name of ours
  }
}
