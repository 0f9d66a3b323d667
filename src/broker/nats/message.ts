import { type EncodedJson, findJson } from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';

/** A message as a stream keeps it. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  /** Undefined: something else wrote it, and not as we do. */
  readonly content: NewEntry | undefined;
  /** When the server took it, in milliseconds since 1970. */
  readonly ts: number;
}

/** Writes an entry as a message: key and event on a line of their own, then its data as it came. */
export function encodeMessage({ key, event, data }: NewEntry): string {
  return `${JSON.stringify([key, event])}\n${data}`;
}

/** Reads what `encodeMessage` wrote; undefined for anything else. */
export function findContent(text: string): NewEntry | undefined {
  const end = text.indexOf('\n');
  const head = end < 0 ? undefined : findJson(text.slice(0, end))?.value;
  if (!Array.isArray(head) || head.length !== 2) return undefined;
  const [key, event] = head as unknown[];
  if (typeof key !== 'string' || typeof event !== 'string') return undefined;
  return { key, event, data: text.slice(end + 1) as EncodedJson };
}
