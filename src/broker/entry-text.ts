import { type EncodedJson, findJson } from '../protocol/index.ts';
import type { NewEntry } from './broker.ts';

/**
 * Writes an entry as engines keep it: key and event on a line of their own, as JSON, so that halves of surrogate pairs stay
 * different keys; then its data as it came.
 */
export function encodeEntry({ key, event, data }: NewEntry): string {
  return `${JSON.stringify([key, event])}\n${data}`;
}

/** Reads what `encodeEntry` wrote; undefined for anything else. */
export function findContent(text: string): NewEntry | undefined {
  const end = text.indexOf('\n');
  const head = end < 0 ? undefined : findJson(text.slice(0, end))?.value;
  if (!Array.isArray(head) || head.length !== 2) return undefined;
  const [key, event] = head as unknown[];
  if (typeof key !== 'string' || typeof event !== 'string') return undefined;
  return { key, event, data: text.slice(end + 1) as EncodedJson };
}
