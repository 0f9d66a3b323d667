import type { LogName } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { streamKindOf } from '../stream-kind.ts';
import type { StoredMessage } from './message.ts';
import type { NatsSession } from './nats-session.ts';
import { pullMessages } from './pull.ts';
import type { Stream } from './stream.ts';
import { tokensOf } from './subject.ts';

/** A log in its stream. */
export interface LogPlace {
  readonly log: LogName;
  readonly subject: string;
  readonly stream: Stream;
}

/** Messages of a log without a hole. */
export interface Stretch {
  readonly messages: readonly StoredMessage[];
  /** Messages before them were read too, and went meanwhile: so nothing is known of the place where they begin. */
  readonly isCut: boolean;
}

/** So many messages are asked for one by one; for more, a consumer is worth its making. */
const FEW = 8;
/** How often more is read for what went meanwhile. */
const MAX_ROUNDS = 5;

/** The subject of a log, and the stream that has it. */
export function findLogPlace({ streams }: NatsSession, log: LogName): LogPlace {
  const stream = streams[streamKindOf(log)];
  return { log, stream, subject: `${stream.opened.logPrefix}${tokensOf(log)}` };
}

/**
 * Reads messages from a number on: to the log's `end`, unless `limit` entries come before that, or some more. Messages go from
 * the front while they are read: those that are there afterwards were there all the time, and nothing between them was missed.
 * @throws {BrokerError} `unavailable`, also when the log goes as fast as it is read
 */
export async function collectMessages(
  session: NatsSession,
  place: LogPlace,
  { from, limit, end }: { readonly from: number; readonly limit: number; readonly end: number },
): Promise<Stretch> {
  let messages: readonly StoredMessage[] = [];
  let gone = 0;
  for (let round = 0, seq = from; round < MAX_ROUNDS; round++) {
    // As much again goes while that is read, so more is read than is missing.
    const missing = limit - countEntries(messages) + 2 * gone;
    const read = [...messages, ...(await walk(session, place, { from: seq, limit: missing, end }))];
    messages = await keepWhole(place, read);
    gone += read.length - messages.length;
    const last = messages.at(-1)?.seq ?? 0;
    if (last === end || countEntries(messages) >= limit) return { messages, isCut: gone > 0 };
    seq = Math.max(seq, last + 1);
  }
  throw createMoved(place.log);
}

async function walk(
  { api }: NatsSession,
  { log, stream, subject }: LogPlace,
  { from, limit, end }: { readonly from: number; readonly limit: number; readonly end: number },
): Promise<readonly StoredMessage[]> {
  const walked: StoredMessage[] = [];
  for (let [seq, count] = [from, 0]; count < limit && seq <= end; ) {
    const isFew = walked.length < FEW;
    const one = isFew ? await stream.next(subject, seq) : undefined;
    const many = isFew ? [] : await pullMessages(api, stream.name, subject, seq, { limit: limit - count, to: end });
    const read = one ? [one] : many;
    const last = read.at(-1);
    if (!last || last.seq > end) throw createMoved(log); // the end itself went
    walked.push(...read);
    seq = last.seq + 1;
    count += countEntries(read);
  }
  return walked;
}

/** Those from the first on that is still there. One alone needs no other. */
async function keepWhole(
  { stream, subject }: LogPlace,
  read: readonly StoredMessage[],
): Promise<readonly StoredMessage[]> {
  const [first] = read;
  if (!first || read.length === 1 || (await stream.at(first.seq))) return read;
  const oldest = await stream.next(subject, first.seq);
  return oldest ? read.filter(({ seq }) => seq >= oldest.seq) : [];
}

/** What something else wrote is no entry. */
function countEntries(messages: readonly StoredMessage[]): number {
  return messages.filter(({ content }) => content).length;
}

/** The error of a log that proves nothing, as it changed while it was read: it may be read again at once. */
export function createMoved(log: LogName): BrokerError {
  return new BrokerError('unavailable', `Cannot read "${log}": it changed while it was read`);
}
