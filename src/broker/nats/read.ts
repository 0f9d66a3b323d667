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
import { collectMessages, createMoved, findLogPlace, type LogPlace, type Stretch } from './collect.ts';
import type { StoredMessage } from './message.ts';
import type { NatsSession } from './nats-session.ts';
import { findBeginning } from './run-beginning.ts';
import type { Stream } from './stream.ts';

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
    // A leader that lost the others does not know what they have by now.
    if (mine?.epoch === stream.opened.epoch && mine.offset > last.seq) await stream.info();
    if (mine?.epoch !== stream.opened.epoch || mine.offset > last.seq) return { entries: [], top, gap: 'reset' };
    if (mine.offset === last.seq)
      return mine.tag === '' || mine.tag === tagIn(last) ? { entries: [], top } : { entries: [], top, gap: 'reset' };
  }
  const from = (mine?.offset ?? 0) + 1;
  const stretch = await collectMessages(session, place, { from, limit: Math.max(1, limit), end: last.seq });
  const verdict = mine
    ? await judge(place, mine, stretch, last.seq)
    : await judgeStart(session, place, stretch.messages[0]);
  if (verdict === 'reset') return { entries: [], top, gap: verdict };
  const anchor = verdict === 'anchored' && mine?.tag ? { offset: mine.offset, tag: mine.tag } : null;
  const entries = entriesOf(stream, stretch.messages, anchor).slice(0, limit);
  return verdict === 'trimmed' ? { entries, top, gap: verdict } : { entries, top };
}

/** Says whether all that came after a position was read, by what the stream still holds. Asked after that was read. */
async function judge(
  { stream, subject }: LogPlace,
  { offset, tag }: PositionParts,
  { messages, isCut }: Stretch,
  end: number,
): Promise<'anchored' | 'whole' | GapReason> {
  const anchor = await stream.at(offset);
  if (anchor?.subject === subject) return tag === '' || tag === tagIn(anchor) ? 'anchored' : 'reset';
  if (anchor && tag !== '') return 'reset';
  if (isCut) return 'trimmed';
  if (messages[0]?.seq === offset + 1) return 'whole';
  const oldest = await stream.next(subject, 1);
  // An older one is kept, so nothing of this log went since: a place at which an entry is claimed never had one.
  if (oldest && oldest.seq <= offset) return tag === '' ? 'whole' : 'reset';
  // Age takes the oldest of the whole stream: where it did not come yet, nothing of this log went by it. Else went by count,
  // and then so many are there as the bound says. The first message after others went gives no hint itself.
  const isAll = messages.at(-1)?.seq === end && (await stream.last(subject))?.seq === end;
  const info = await stream.info(isAll ? undefined : subject);
  const count = isAll ? messages.length : Number(info.subjects[subject] ?? 0);
  return info.firstSeq <= offset + 1 && count < info.leastKept ? 'whole' : 'trimmed';
}

/** From its start a channel is what is kept of it; a run is whole only with the entry by which it began. */
async function judgeStart(
  { streams }: NatsSession,
  { log }: LogPlace,
  first: StoredMessage | undefined,
): Promise<'whole' | 'trimmed'> {
  if (kindOf(log) !== 'run') return 'whole';
  return (await findBeginning(streams.messages, log)) === first?.content?.key ? 'whole' : 'trimmed';
}

/** Reads a log of which nothing is kept: its end is wherever its stream ends. */
async function readEmpty(session: NatsSession, place: LogPlace, after: StartPosition): Promise<Reading> {
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
  return firstSeq <= mine.offset + 1 ? { entries: [], top } : { entries: [], top, gap: 'trimmed' };
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
