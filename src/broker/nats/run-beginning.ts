import type { EncodedJson, LogName } from '../../protocol/index.ts';
import { encodeEntry } from '../entry-text.ts';
import { API_ERROR, getJson, type JetStreamApi } from './jetstream-api.ts';
import type { Stream } from './stream.ts';
import { tokensOf } from './subject.ts';

/**
 * Remembers by which entry a run began: in the stream of messages, which forgets later than that of runs. So who reads a run
 * from its start can tell whether the first that is kept is the first that was. Resolves when the server has it.
 */
export async function keepBeginning(api: JetStreamApi, messages: Stream, run: LogName, key: string): Promise<void> {
  const message = encodeEntry({ key, event: 'begun', data: 'null' as EncodedJson });
  const answer = await api.ask(subjectOf(messages, run), message, { 'Nats-Expected-Last-Subject-Sequence': '0' });
  if ('error' in answer && answer.error.code === API_ERROR.wrongLastSequence) return; // it began before, by another entry
  getJson(`append to "${run}"`, answer);
}

/** The key of the entry by which a run began; undefined when it did not, or longer ago than anybody remembers. */
export async function findBeginning(messages: Stream, run: LogName): Promise<string | undefined> {
  return (await messages.last(subjectOf(messages, run)))?.content?.key;
}

/** No log is of a kind "begun". */
function subjectOf({ opened }: Stream, run: LogName): string {
  return `${opened.logPrefix}begun.${tokensOf(run)}`;
}
