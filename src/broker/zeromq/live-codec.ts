import { findLogName, type LogName, type Position } from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';
import { encodeEntry, findEntry, findList, isTop } from './entry-codec.ts';

/** What the proxy says at the live end. */
export type LiveMessage =
  | { readonly type: 'entry'; readonly log: LogName; readonly entry: Entry }
  /** Answers a subscription to the topic of a probe: whatever was subscribed to before it is heard from here on. */
  | { readonly type: 'probe'; readonly topic: string; readonly epoch: string }
  /**
   * Where followed logs end: every second those that grew, and at once one whose newest entry is too large for the live end.
   * Checks are numbered, so that a lost one is missed.
   */
  | { readonly type: 'check'; readonly number: number; readonly tops: readonly (readonly [LogName, Position])[] };

/** Topics match by prefix, so each ends in what no name has: else who follows `user/ada` would hear `user/adam`. */
const END = '\0';
/** No log's name begins so. */
const PROBE = '~probe/';
const MAX_PROBE_LENGTH = 80;

/** The topic of the checks, which everybody hears. */
export const CHECK_TOPIC: string = `~check${END}`;

/** The topic of a log's entries. */
export function topicOf(log: LogName): string {
  return log + END;
}

/** The topic of a probe; `name` is used once. */
export function probeTopic(name: string): string {
  return PROBE + name + END;
}

/** Subscribes to a topic, or no longer. ZMTP 3.1, 3.4: a subscription is 1 and the topic, a cancellation 0 and the topic. */
export function encodeSubscription(topic: string, isOn: boolean): Buffer {
  return Buffer.from(`${isOn ? '\x01' : '\0'}${topic}`, 'latin1');
}

/** What somebody subscribes to, or no longer; undefined for what is none of ours. */
export function findSubscription(
  frame: Buffer | undefined,
): { readonly isOn: boolean; readonly log?: LogName; readonly probe?: string } | undefined {
  if (!frame || frame.length > 256 || frame[0] === undefined || frame[0] > 1 || frame.at(-1) !== 0) return undefined;
  const isOn = frame[0] === 1;
  const topic = frame.toString('latin1', 1);
  if (topic.startsWith(PROBE)) return topic.length > MAX_PROBE_LENGTH ? undefined : { isOn, probe: topic };
  const log = findLogName(topic.slice(0, -END.length));
  return log && { isOn, log };
}

/** Writes a message; its first frame is its topic. */
export function encodeLive(message: LiveMessage): string[] {
  switch (message.type) {
    case 'entry':
      return [topicOf(message.log), ...encodeEntry(message.entry)];
    case 'probe':
      return [message.topic, message.epoch];
    case 'check':
      return [CHECK_TOPIC, JSON.stringify([message.number, message.tops])];
  }
}

/** Reads a message; undefined for what is none. */
export function findLive([topic, header, data]: readonly Buffer[]): LiveMessage | undefined {
  if (!topic || !header) return undefined;
  const text = topic.toString('latin1');
  if (text.startsWith(PROBE)) return { type: 'probe', topic: text, epoch: header.toString() };
  if (text === CHECK_TOPIC) return findCheck(findList(header) ?? []);
  const entry = findEntry(header, data);
  return entry && { type: 'entry', log: text.slice(0, -END.length) as LogName, entry };
}

function findCheck([number, tops]: readonly unknown[]): LiveMessage | undefined {
  if (typeof number !== 'number' || !Array.isArray(tops)) return undefined;
  return tops.every(isTop) ? { type: 'check', number, tops } : undefined;
}
