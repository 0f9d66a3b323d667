import { type EncodedJson, findJson, formatPosition, tagOf } from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';

/** Offset, time, tag of the entry before it; then what the publisher wrote. The library writes the first three. */
const HEAD = /^(\d{1,16}) (\d{1,16}) ([0-9a-f]{8}|-) ([^\n]*)/;
const LIVE = /^([A-Za-z0-9._~-]{1,38}) /;

/** Reads an entry as the library stores it; undefined for what it did not write. */
export function findStoredEntry(epoch: string, text: string): Entry | undefined {
  const head = HEAD.exec(text);
  if (!head || text[head[0].length] !== '\n') return undefined;
  const [all, digits, ts, before, names = ''] = head;
  const [key, event] = findNames(names) ?? [];
  const offset = Number(digits);
  if (key === undefined || event === undefined || !Number.isSafeInteger(offset) || offset < 1) return undefined;
  return {
    key,
    event,
    data: text.slice(all.length + 1) as EncodedJson,
    at: formatPosition({ epoch, offset, tag: tagOf(key) }),
    previous: before === '-' || before === undefined ? { offset: offset - 1 } : { offset: offset - 1, tag: before },
    ts: Number(ts),
  };
}

/** Reads an entry as it is told at the live end: the log's epoch, then as it is stored. */
export function findLiveEntry(text: string): Entry | undefined {
  const [all, epoch] = LIVE.exec(text) ?? [];
  return all === undefined || epoch === undefined ? undefined : findStoredEntry(epoch, text.slice(all.length));
}

/** The tag of an entry whose first line this is. */
export function findTagOfHead(line: string): string | undefined {
  const [key] = findNames(HEAD.exec(line)?.[4] ?? '') ?? [];
  return key === undefined ? undefined : tagOf(key);
}

function findNames(text: string): [key: string, event: string] | undefined {
  const names = findJson(text)?.value;
  if (!Array.isArray(names) || typeof names[0] !== 'string' || typeof names[1] !== 'string') return undefined;
  return [names[0], names[1]];
}
