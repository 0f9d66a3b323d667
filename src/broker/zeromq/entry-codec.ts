import {
  type EncodedJson,
  findJson,
  type LogName,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  type Position,
  utf8Length,
} from '../../protocol/index.ts';
import type { Entry, NewEntry } from '../broker.ts';

/** Writes an entry as two frames: what is about it, and its data as they are. */
export function encodeEntry({ at, key, event, data, previous, ts }: Entry): [header: string, data: string] {
  return [JSON.stringify([at, key, event, ts, previous?.offset ?? null, previous?.tag ?? null]), data];
}

/** Reads an entry; undefined for frames that hold none. */
export function findEntry(header: Buffer | undefined, data: Buffer | undefined): Entry | undefined {
  const parts = header && findList(header);
  if (!parts || !data) return undefined;
  const [at, key, event, ts, offset, tag] = parts;
  if (typeof at !== 'string' || typeof key !== 'string' || typeof event !== 'string' || typeof ts !== 'number') {
    return undefined;
  }
  const previous = typeof offset !== 'number' ? null : typeof tag === 'string' ? { offset, tag } : { offset };
  return { at: at as Position, key, event, ts, previous, data: data.toString() as EncodedJson };
}

/** Finds why an entry can't be taken. */
export function findEntryFault({ key, event, data }: NewEntry): string | undefined {
  for (const [name, text, most] of [
    ['data', data, MAX_ENTRY_BYTES],
    ['key', key, MAX_KEY_BYTES],
    ['event', event, MAX_KEY_BYTES],
  ] as const) {
    const bytes = utf8Length(text);
    if (bytes > most) return `its ${name} has ${bytes} bytes, limit is ${most}`;
  }
  return undefined;
}

/** Reads a frame that holds a list of JSON. */
export function findList(frame: Buffer): readonly unknown[] | undefined {
  const value = findJson(frame.toString())?.value;
  return Array.isArray(value) ? value : undefined;
}

/** True for a log with its end, as a list of JSON holds them. */
export function isTop(value: unknown): value is [LogName, Position] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string';
}
