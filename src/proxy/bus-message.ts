import { isUtf8 } from 'node:buffer';
import {
  cutRawMembers,
  type Dialect,
  type EncodedJson,
  EVERYONE,
  findJson,
  isJsonObject,
  type LogName,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  OLD_EVERYONE,
  userLog,
  utf8Length,
} from '../protocol/index.ts';

/** A message of an old bus, as it is appended. */
export interface BusMessage {
  readonly log: LogName;
  readonly event: string;
  readonly data: EncodedJson;
}

/** What is wrong with a message; it is the sender's, and costs nothing but itself. */
export type BusFault =
  | 'too-large'
  | 'wrong-parts'
  | 'not-utf-8'
  | 'not-json'
  | 'no-event'
  | 'reserved-event'
  | 'no-user';

/** JSON may be laid out with spaces, and names be escaped: more than an entry, but not much. */
const MAX_MESSAGE_BYTES = 2 * MAX_ENTRY_BYTES;
/** These alone: an event may be called as what older peers have never heard of. */
const RESERVED = /^AUTH /;
const NO_DATA = 'null' as EncodedJson;

/**
 * Reads a message by the table of dialects: the number of its parts and the member that names its event say which it is. Its
 * user is the first of two parts, else a member. Never throws.
 */
export function readBusMessage(parts: readonly Uint8Array[], dialects: readonly Dialect[]): BusMessage | BusFault {
  if (parts.reduce((bytes, part) => bytes + part.byteLength, 0) > MAX_MESSAGE_BYTES) return 'too-large';
  const speakers = dialects.filter(({ busParts }) => busParts === parts.length);
  if (speakers.length === 0) return 'wrong-parts';
  if (!parts.every(isUtf8)) return 'not-utf-8';
  const [first = '', second] = parts.map((part) => Buffer.from(part).toString('utf8'));
  const isOne = second === undefined;
  // In one part there is a word before the JSON, whatever it is.
  const json = isOne ? first.slice(first.indexOf(' ') + 1 || first.length) : second;
  const value = findJson(json)?.value;
  if (!isJsonObject(value)) return 'not-json';
  const dialect = speakers.find(({ idKey }) => isEvent(value[idKey]));
  if (!dialect) return 'no-event';
  const event = value[dialect.idKey] as string;
  if (RESERVED.test(event)) return 'reserved-event';
  const log = findLog(dialect, isOne ? value[dialect.userKey] : first);
  if (!log) return 'no-user';
  const [data = NO_DATA] = cutRawMembers(json, dialect.dataKey);
  return utf8Length(data) > MAX_ENTRY_BYTES ? 'too-large' : { log, event, data };
}

function findLog({ hasEveryone }: Dialect, user: unknown): LogName | undefined {
  if (typeof user !== 'string') return undefined;
  if (hasEveryone && user === OLD_EVERYONE) return EVERYONE;
  try {
    return userLog(user);
  } catch {
    return undefined; // nobody that could be named
  }
}

function isEvent(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && utf8Length(value) <= MAX_KEY_BYTES;
}
