import { findJson, findLogName, type LogName } from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';
import { encodeEntry, findContent } from '../entry-text.ts';

/**
 * A message of a stream. `epoch` is the stream's, as its sender knows it; empty: the sender does not know it yet. `ts` is the
 * sender's time, in milliseconds since 1970: the server tells a consumer of none.
 */
export type StreamMessage =
  | {
      readonly type: 'entry';
      readonly epoch: string;
      readonly ts: number;
      readonly log: LogName;
      /** Its sender knew of no entry before it. */
      readonly isFirst: boolean;
      readonly entry: NewEntry;
    }
  /** Goes round through the stream: when its sender reads it, it has read all that was stored before. */
  | { readonly type: 'probe'; readonly epoch: string; readonly ts: number; readonly id: string };

const EPOCH = /^[A-Za-z0-9_-]{0,38}$/;

/** Writes a message: what the stream must know of it on a line of its own, then the entry. */
export function encodeStreamMessage(message: StreamMessage): string {
  const { type, epoch, ts } = message;
  if (type === 'probe') return JSON.stringify([type, epoch, ts, message.id]);
  return `${JSON.stringify([type, epoch, ts, message.log, message.isFirst])}\n${encodeEntry(message.entry)}`;
}

/** Reads what `encodeStreamMessage` wrote; undefined for anything else. */
export function findStreamMessage(text: string): StreamMessage | undefined {
  const end = text.indexOf('\n');
  const head = findJson(end < 0 ? text : text.slice(0, end))?.value;
  if (!Array.isArray(head)) return undefined;
  const [type, epoch, ts, name, isFirst] = head as unknown[];
  if (typeof epoch !== 'string' || !EPOCH.test(epoch) || typeof ts !== 'number' || typeof name !== 'string')
    return undefined;
  if (type === 'probe') return EPOCH.test(name) && name !== '' ? { type, epoch, ts, id: name } : undefined;
  const log = findLogName(name);
  const entry = end < 0 ? undefined : findContent(text.slice(end + 1));
  if (type !== 'entry' || log === undefined || entry === undefined) return undefined;
  return { type, epoch, ts, log, isFirst: isFirst === true, entry };
}
