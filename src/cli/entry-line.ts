import type { LogName, Position } from '../protocol/index.ts';
import { escapeControls } from './safe-text.ts';

/** An entry as it came. */
export interface WatchedEntry {
  readonly log: LogName;
  readonly event: string;
  readonly at: Position;
  /** Its JSON, as the publisher wrote it where that is known. */
  readonly data: string;
}

/**
 * Cuts an entry's data out of its frame, so that numbers keep their digits. A gateway writes frames in one way; from one
 * that does not, the parsed value is encoded again.
 */
export function cutData(frame: string, { log, event, at }: Omit<WatchedEntry, 'data'>, parsed: unknown): string {
  const head = `{"id":${JSON.stringify(event)},"data":`;
  const tail = `,"log":"${log}","at":"${at}"}`;
  const isOurs = frame.startsWith(head) && frame.endsWith(tail) && frame.length > head.length + tail.length;
  return isOurs ? frame.slice(head.length, -tail.length) : JSON.stringify(parsed);
}

/** Writes an entry as one line for people: time, log, position, event, data. */
export function formatEntry({ log, at, event, data }: WatchedEntry, timeMs: number): string {
  return [new Date(timeMs).toISOString(), log, at, escapeControls(event), formatData(data)].join('  ');
}

/** Writes an entry as one line of JSON. */
export function formatJsonEntry({ log, at, event, data }: WatchedEntry, timeMs: number): string {
  const time = new Date(timeMs).toISOString();
  const head = JSON.stringify({ time, log, at, event }).slice(0, -1);
  return `${escapeControls(head)},"data":${formatData(data)}}`;
}

/** JSON stays JSON: its line ends can only lie between values, and what a terminal obeys only in texts, where escapes mean the same. */
function formatData(data: string): string {
  return escapeControls(data.replace(/[\r\n\t]+/g, ' '));
}
