import type { GapReason, LogName, Position } from '../../protocol/index.ts';
import type { Entry, Reading } from '../broker.ts';
import type { BrokerErrorCode } from '../broker-error.ts';
import { encodeEntry, findEntry, findList, isTop } from './entry-codec.ts';

/** What the proxy answers. */
export type Answer =
  | { readonly type: 'appended'; readonly at: Position | null }
  /** `hasMore`: the reading ends before its limit and before the log's end, so that no answer is too large. */
  | { readonly type: 'read'; readonly reading: Reading; readonly hasMore: boolean }
  | { readonly type: 'tops'; readonly tops: ReadonlyMap<LogName, Position> }
  | { readonly type: 'failed'; readonly code: BrokerErrorCode; readonly message: string };

/** Writes the answer to the request of this id. */
export function encodeAnswer(id: number, answer: Answer): string[] {
  switch (answer.type) {
    case 'appended':
      return [JSON.stringify([id, answer.type, answer.at])];
    case 'read': {
      const { entries, top, gap } = answer.reading;
      return [JSON.stringify([id, answer.type, top, gap ?? null, answer.hasMore]), ...entries.flatMap(encodeEntry)];
    }
    case 'tops':
      return [JSON.stringify([id, answer.type, [...answer.tops]])];
    case 'failed':
      return [JSON.stringify([id, answer.type, answer.code, answer.message])];
  }
}

/** Reads an answer; undefined for what is none. */
export function findAnswer(frames: readonly Buffer[]): { readonly id: number; readonly answer: Answer } | undefined {
  const [header, ...rest] = frames;
  const [id, type, ...parts] = (header && findList(header)) ?? [];
  const answer = typeof id === 'number' ? findParts(type, parts, rest) : undefined;
  return answer && { id: id as number, answer };
}

function findParts(
  type: unknown,
  [first, second, third]: readonly unknown[],
  rest: readonly Buffer[],
): Answer | undefined {
  switch (type) {
    case 'appended':
      return typeof first === 'string' || first === null ? { type, at: first as Position | null } : undefined;
    case 'read': {
      const entries = findEntries(rest);
      if (typeof first !== 'string' || !entries) return undefined;
      const reading = { entries, top: first as Position };
      const isGap = second === 'trimmed' || second === 'reset';
      return { type, reading: isGap ? { ...reading, gap: second as GapReason } : reading, hasMore: third === true };
    }
    case 'tops':
      return Array.isArray(first) && first.every(isTop) ? { type, tops: new Map(first) } : undefined;
    case 'failed': {
      const code =
        second === undefined ? undefined : (['unavailable', 'closed', 'refused'] as const).find((one) => one === first);
      return code && { type, code, message: String(second) };
    }
    default:
      return undefined;
  }
}

function findEntries(frames: readonly Buffer[]): Entry[] | undefined {
  const entries: Entry[] = [];
  for (let i = 0; i < frames.length; i += 2) {
    const entry = findEntry(frames[i], frames[i + 1]);
    if (!entry) return undefined;
    entries.push(entry);
  }
  return entries;
}
