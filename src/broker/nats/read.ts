import {
  findPositionParts,
  formatPosition,
  type GapReason,
  kindOf,
  type LogName,
  type Position,
  type PositionParts,
  type StartPosition,
  tagOf,
} from '../../protocol/index.ts';
import type { Entry, Reading } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import type { StoredMessage } from './message.ts';
import type { NatsSession } from './nats-session.ts';
import { pullMessages } from './pull.ts';
import { findBeginning } from './run-beginning.ts';
import type { Stream } from './stream.ts';
import { streamKindOf, tokensOf } from './subject.ts';

/** So many messages are asked for one by one; for more, a consumer is worth its making. */
const FEW = 8;

/** A log in its stream. */
interface Place {
  readonly log: LogName;
  readonly subject: string;
  readonly stream: Stream;
}

/** The subject of a log, and the stream that has it. */
export function findLogPlace({ streams }: NatsSession, log: LogName): Place {
  const stream = streams[streamKindOf(log)];
  return { log, stream, subject: `${stream.opened.logPrefix}${tokensOf(log)}` };
}

/**
 * Reads what lies after a position.
 * @throws {BrokerError} `unavailable`, also when the log was trimmed or grew meanwhile, so that what was read proves nothing
 */
export async function readEntries(
  session: NatsSession,
  log: LogName,
  after: StartPosition,
  limit: number,
): Promise<Reading> {
  const place = findLogPlace(session, log);
  const { stream, subject } = place;
  const last = await stream.last(subject);
  if (!last) return await readEmpty(session, place, after);
  const top = positionOf(stream, last);
  const mine = after === 'start' ? undefined : findPositionParts(after);
  if (after !== 'start') {
    if (mine?.epoch !== stream.opened.epoch || mine.offset > last.seq) return { entries: [], top, gap: 'reset' };
    if (mine.offset === last.seq)
      return mine.tag === '' || mine.tag === tagIn(last) ? { entries: [], top } : { entries: [], top, gap: 'reset' };
  }
  const kept = await collect(session, place, (mine?.offset ?? 0) + 1, Math.max(1, limit), last.seq);
  const [first] = kept;
  if (!first) throw createMoved(log);
  const verdict = mine ? await judge(place, mine, kept, last.seq) : await judgeStart(session, place, first);
  if (verdict === 'reset') return { entries: [], top, gap: verdict };
  // What goes goes from the front: while the first is there, nothing behind it was missed.
  if (kept.length > 1 && !(await stream.at(first.seq))) throw createMoved(log);
  const anchor = verdict === 'anchored' && mine?.tag ? { offset: mine.offset, tag: mine.tag } : null;
  const entries = entriesOf(stream, kept, anchor).slice(0, limit);
  return verdict === 'trimmed' ? { entries, top, gap: verdict } : { entries, top };
}

/** Asks for messages in their order, from a number on: a few one by one, the others at once. */
async function collect(
  { api }: NatsSession,
  { log, stream, subject }: Place,
  from: number,
  limit: number,
  end: number,
): Promise<readonly StoredMessage[]> {
  const kept: StoredMessage[] = [];
  for (let [seq, count] = [from, 0]; count < limit && seq <= end; ) {
    const isFew = kept.length < FEW;
    const one = isFew ? await stream.next(subject, seq) : undefined;
    const read = isFew
      ? one && [one]
      : await pullMessages(api, stream, subject, seq, { limit: limit - count, to: end });
    if (!read?.length || read.some((message) => message.seq > end)) throw createMoved(log);
    kept.push(...read);
    seq = (kept.at(-1) as StoredMessage).seq + 1;
    count += read.filter(({ content }) => content).length; // what something else wrote is no entry
  }
  return kept;
}

/** Says whether all that came after a position was read, by what the stream still holds. Asked after that was read. */
async function judge(
  { stream, subject }: Place,
  { offset, tag }: PositionParts,
  kept: readonly StoredMessage[],
  end: number,
): Promise<'anchored' | 'whole' | GapReason> {
  const anchor = await stream.at(offset);
  if (anchor?.subject === subject) return tag === '' || tag === tagIn(anchor) ? 'anchored' : 'reset';
  if (anchor && tag !== '') return 'reset';
  if (kept[0]?.seq === offset + 1) return 'whole';
  const oldest = await stream.next(subject, 1);
  // An older one is kept, so nothing of this log went since: a place at which an entry is claimed never had one.
  if (oldest && oldest.seq <= offset) return tag === '' ? 'whole' : 'reset';
  // Age takes the oldest of the whole stream: where it did not come yet, nothing of this log went by it. Else went by count,
  // and then so many are there as the bound says. The first message after others went gives no hint itself.
  const isAll = kept.at(-1)?.seq === end && (await stream.last(subject))?.seq === end;
  const info = await stream.info(isAll ? undefined : subject);
  const count = isAll ? kept.length : Number(info.subjects[subject] ?? 0);
  return info.firstSeq <= offset + 1 && count < stream.leastKept ? 'whole' : 'trimmed';
}

/** From its start a channel is what is kept of it; a run is whole only with the entry by which it began. */
async function judgeStart(
  { streams }: NatsSession,
  { log }: Place,
  first: StoredMessage | undefined,
): Promise<'whole' | 'trimmed'> {
  if (kindOf(log) !== 'run') return 'whole';
  return (await findBeginning(streams.messages, log)) === first?.content?.key ? 'whole' : 'trimmed';
}

/** Reads a log of which nothing is kept: its end is wherever its stream ends. */
async function readEmpty(session: NatsSession, place: Place, after: StartPosition): Promise<Reading> {
  const { stream, subject } = place;
  const { epoch, firstSeq, lastSeq } = await stream.info();
  if (await stream.last(subject)) throw createMoved(place.log);
  const top = formatPosition({ epoch, offset: lastSeq, tag: '' });
  if (after === 'start') {
    const isWhole = (await judgeStart(session, place, undefined)) === 'whole';
    return isWhole ? { entries: [], top } : { entries: [], top, gap: 'trimmed' };
  }
  const mine = findPositionParts(after);
  if (mine?.epoch !== epoch || mine.offset > lastSeq) return { entries: [], top, gap: 'reset' };
  // An entry is claimed where another log's is, or where there never was any.
  if (mine.tag !== '' && (mine.offset === 0 || (await stream.at(mine.offset))))
    return { entries: [], top, gap: 'reset' };
  // Whatever came after this place would have gone by age, and the place after it before that.
  if (firstSeq <= mine.offset + 1) return { entries: [], top: after };
  return { entries: [], top, gap: 'trimmed' };
}

/** Where a log ends whose last message is this. */
export function positionOf({ opened }: Stream, message: StoredMessage): Position {
  return formatPosition({ epoch: opened.epoch, offset: message.seq, tag: tagIn(message) });
}

/** What something else wrote has no key, and so no tag. */
function tagIn({ content }: StoredMessage): string {
  return content ? tagOf(content.key) : '';
}

function entriesOf(stream: Stream, messages: readonly StoredMessage[], anchor: Entry['previous']): readonly Entry[] {
  const entries: Entry[] = [];
  let previous = anchor;
  for (const message of messages) {
    if (!message.content) continue;
    entries.push({ ...message.content, at: positionOf(stream, message), previous, ts: message.ts });
    previous = { offset: message.seq, tag: tagIn(message) };
  }
  return entries;
}

function createMoved(log: LogName): BrokerError {
  return new BrokerError('unavailable', `Cannot read "${log}": it changed while it was read`);
}
