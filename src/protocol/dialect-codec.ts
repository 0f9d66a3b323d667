import type { Dialect } from './dialects.ts';
import { type ControlFrame, HEARTBEAT } from './frame.ts';
import { type EncodedJson, findJson, isJsonObject } from './json.ts';
import { EVERYONE, type LogName, segmentsOf } from './log-name.ts';

/** The older peers' word for everyone, where they name a user. */
export const OLD_EVERYONE = '*';

/** What a server of a dialect says, parsed. */
export type DialectFrame =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'auth-request' }
  | { readonly type: 'auth-ok' }
  | { readonly type: 'auth-failed' }
  | { readonly type: 'entry'; readonly event: string; readonly data: unknown; readonly isForEveryone: boolean };

const WORDS = { 'auth-request': 'AUTH REQUEST', 'auth-ok': 'AUTH OK', 'auth-failed': 'AUTH FAILED' } as const;

/** Writes a gateway's frame as a dialect's peers know it, to the byte; undefined: they know no such frame. */
export function encodeDialectControl({ idKey }: Dialect, { type }: ControlFrame): string | undefined {
  return encodeWord([idKey], type);
}

/** Writes a frame for a peer of which it is not known yet how it speaks: each looks at its own key, and at no other. */
export function encodeOpeningControl(dialects: readonly Dialect[], { type }: ControlFrame): string | undefined {
  return encodeWord([...new Set(['id', ...dialects.map(({ idKey }) => idKey)])], type);
}

/**
 * Writes an entry around its data, which is JSON already and is not looked at; as Python's `json.dumps` would, ASCII only.
 * `*` stands for everyone in every dialect: a page of 2016 reads `id` and `data` alone, and no user is called so.
 */
export function encodeDialectEntry(
  { userKey, idKey, dataKey }: Dialect,
  log: LogName,
  event: string,
  data: EncodedJson,
): string {
  const user = log === EVERYONE ? OLD_EVERYONE : (segmentsOf(log)[0] as string);
  return `{"${userKey}": ${encodeAscii(user)}, "${idKey}": ${encodeAscii(event)}, "${dataKey}": ${data}}`;
}

/** Reads what a server of a dialect sent; undefined for what is none of its frames: ignored. */
export function findDialectFrame({ idKey, dataKey, userKey }: Dialect, text: string): DialectFrame | undefined {
  if (text === HEARTBEAT) return { type: 'heartbeat' };
  const frame = findJson(text)?.value;
  if (!isJsonObject(frame)) return undefined;
  const { [idKey]: event, [dataKey]: data = null } = frame;
  if (typeof event !== 'string') return undefined;
  for (const [type, word] of Object.entries(WORDS)) {
    if (event === word) return { type: type as keyof typeof WORDS };
  }
  return { type: 'entry', event, data, isForEveryone: frame[userKey] === OLD_EVERYONE };
}

function encodeWord(keys: readonly string[], type: ControlFrame['type']): string | undefined {
  if (type === 'heartbeat') return HEARTBEAT;
  if (!isWord(type)) return undefined;
  return `{${keys.map((key) => `"${key}": "${WORDS[type]}"`).join(', ')}}`;
}

function isWord(type: ControlFrame['type']): type is keyof typeof WORDS {
  return Object.hasOwn(WORDS, type);
}

function encodeAscii(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
