import { formatPosition, type LogName, type Position, tagOf } from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { encodeEntry } from '../entry-text.ts';
import { streamKindOf } from '../stream-kind.ts';
import { API_ERROR, type ApiAnswer, getJson } from './jetstream-api.ts';
import type { NatsSession } from './nats-session.ts';
import { keepBeginning } from './run-beginning.ts';
import { messageIdOf, tokensOf } from './subject.ts';

/** Runs of which it is known that they began; of a forgotten one the server is asked again. */
const MAX_BEGUN_RUNS = 10_000;

/** Sends an entry to its stream, and resolves with its place once the stream has it. May be said again with the same key. */
export async function appendEntry(session: NatsSession, log: LogName, entry: NewEntry): Promise<Position> {
  try {
    return await send(session, log, entry);
  } catch (error) {
    // Nobody takes the subject of a stream that was removed; to look at it finds that out, and ends the session.
    if (error instanceof BrokerError && hasNoTaker(error)) await session.streams[streamKindOf(log)].info();
    throw error;
  }
}

async function send(session: NatsSession, log: LogName, entry: NewEntry): Promise<Position> {
  const { api, streams, begunRuns } = session;
  const { opened } = streams[streamKindOf(log)];
  const subject = `${opened.logPrefix}${tokensOf(log)}`;
  const headers = { 'Nats-Msg-Id': messageIdOf(log, entry.key) };
  const message = encodeEntry(entry);

  async function appendFirst(): Promise<ApiAnswer> {
    const answer = await api.ask(subject, message, { ...headers, 'Nats-Expected-Last-Subject-Sequence': '0' });
    const isLater = 'error' in answer && answer.error.code === API_ERROR.wrongLastSequence;
    if ('json' in answer) await keepBeginning(api, streams.messages, log, entry.key);
    else if (!isLater) return answer;
    if (begunRuns.size >= MAX_BEGUN_RUNS) begunRuns.clear();
    begunRuns.add(log);
    return isLater ? await api.ask(subject, message, headers) : answer;
  }

  const mayBeFirst = streamKindOf(log) === 'runs' && !begunRuns.has(log);
  const answer = mayBeFirst ? await appendFirst() : await api.ask(subject, message, headers);
  const { seq } = getJson(`append to "${log}"`, answer);
  if (typeof seq === 'number' && seq > 0)
    return formatPosition({ epoch: opened.epoch, offset: seq, tag: tagOf(entry.key) });
  // A cluster says so of a key that was said a moment ago and is not stored yet, and may never be.
  throw new BrokerError('unavailable', `Cannot append to "${log}": the same key is on its way`);
}

function hasNoTaker({ cause }: BrokerError): boolean {
  return cause instanceof Error && cause.name === 'NoResponders';
}
