import { formatPosition, type LogName, type Position } from '../../protocol/index.ts';
import { streamKindOf } from '../stream-kind.ts';
import { findLogPlace } from './collect.ts';
import type { NatsSession } from './nats-session.ts';
import { positionOf } from './read.ts';

/** Logs that are asked for at once in one call. */
const MAX_ASKED = 64;

/** The present ends of logs. */
export async function readTops(session: NatsSession, logs: readonly LogName[]): Promise<Map<LogName, Position>> {
  const kinds = new Set(logs.map(streamKindOf));
  // Asked first: the end of a log without entries is where its stream ended then, as none came to it since.
  const states = await Promise.all([...kinds].map(async (kind) => [kind, await session.streams[kind].info()] as const));
  const ends = new Map(states);
  const tops = new Map<LogName, Position>();
  const waiting = logs.values();

  async function ask(): Promise<void> {
    for (const log of waiting) {
      const { stream, subject } = findLogPlace(session, log);
      const last = await stream.last(subject);
      const offset = ends.get(streamKindOf(log))?.lastSeq ?? 0;
      tops.set(log, last ? positionOf(stream, last) : formatPosition({ epoch: stream.opened.epoch, offset, tag: '' }));
    }
  }

  await Promise.all(Array.from({ length: Math.min(MAX_ASKED, logs.length) }, ask));
  return tops;
}
