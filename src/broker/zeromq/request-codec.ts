import { isUtf8 } from 'node:buffer';
import {
  type EncodedJson,
  findJson,
  findLogName,
  type LogName,
  MAX_POSITION_BYTES,
  type StartPosition,
} from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';
import { findEntryFault, findList } from './entry-codec.ts';

/** What a broker asks of the proxy. */
export type Request =
  | { readonly type: 'append'; readonly log: LogName; readonly entry: NewEntry }
  | { readonly type: 'read'; readonly log: LogName; readonly after: StartPosition; readonly limit: number }
  | { readonly type: 'tops'; readonly logs: readonly LogName[] };

/** Most names in one request for tops. */
export const MAX_NAMES = 500;

/** Writes a request; its answer has the same id. */
export function encodeRequest(id: number, request: Request): string[] {
  switch (request.type) {
    case 'append': {
      const { key, event, data } = request.entry;
      return [JSON.stringify([id, 'append', request.log, key, event]), data];
    }
    case 'read': {
      // A text that is longer than any position is none, as the empty one is.
      const after = request.after.length > MAX_POSITION_BYTES ? '' : request.after;
      return [JSON.stringify([id, 'read', request.log, after, request.limit])];
    }
    case 'tops':
      return [JSON.stringify([id, 'tops', request.logs])];
  }
}

/** Reads a request, or says why it is none; undefined where not even its id can be told, so that nobody can be answered. */
export function findRequest(
  frames: readonly Buffer[],
): { readonly id: number; readonly request: Request } | { readonly id: number; readonly fault: string } | undefined {
  const [header, data] = frames;
  const [id, type, ...parts] = (header && findList(header)) ?? [];
  if (!Number.isSafeInteger(id)) return undefined;
  const found = findParts(type, parts, data);
  return typeof found === 'string' ? { id: id as number, fault: found } : { id: id as number, request: found };
}

function findParts(type: unknown, parts: readonly unknown[], data: Buffer | undefined): Request | string {
  const [first, second, third] = parts;
  if (type === 'tops') {
    if (!Array.isArray(first) || first.length > MAX_NAMES) return `tops takes ${MAX_NAMES} names at most`;
    const logs = first.map(findName);
    return logs.every((log) => log !== undefined) ? { type, logs } : 'a name is none of a log';
  }
  const log = findName(first);
  if (log === undefined) return 'its name is none of a log';
  if (type === 'read') {
    const isGood = typeof second === 'string' && second.length <= MAX_POSITION_BYTES && Number.isSafeInteger(third);
    return isGood
      ? { type, log, after: second as StartPosition, limit: Math.max(0, third as number) }
      : 'it is no read';
  }
  if (type !== 'append') return 'it is none that is known';
  if (typeof second !== 'string' || typeof third !== 'string' || !data || !isUtf8(data)) return 'it is no append';
  const entry = { key: second, event: third, data: data.toString() as EncodedJson };
  // What is no JSON would break the frame of every follower.
  return findEntryFault(entry) ?? (findJson(entry.data) ? { type, log, entry } : 'its data are no JSON');
}

function findName(text: unknown): LogName | undefined {
  return typeof text === 'string' ? findLogName(text) : undefined;
}
