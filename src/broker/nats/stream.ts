import type { Msg } from '@nats-io/transport-node';
import { isJsonObject } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { findContent } from '../entry-text.ts';
import { API_ERROR, getJson, type JetStreamApi } from './jetstream-api.ts';
import type { StoredMessage } from './message.ts';
import { getStreamInfo, type StreamInfo } from './stream-info.ts';

/** A stream as this broker reads it. Every answer comes from its leader. */
export interface Stream {
  readonly name: string;
  /** What it said of itself when it was opened. */
  readonly opened: StreamInfo;
  /**
   * What it says of itself now; with a subject, also how many messages that holds, for which all subjects are looked at.
   * @throws {BrokerError} `unavailable`, also when it is another by now
   */
  info(subject?: string): Promise<StreamInfo>;
  /** The message with this number, whatever its subject. */
  at(seq: number): Promise<StoredMessage | undefined>;
  /** A subject's last message. */
  last(subject: string): Promise<StoredMessage | undefined>;
  /** A subject's first message from a number on. */
  next(subject: string, seq: number): Promise<StoredMessage | undefined>;
}

type MessageQuery = { readonly seq?: number; readonly last_by_subj?: string; readonly next_by_subj?: string };

/** Opens a stream by what it says of itself; `onGone` is called once it is seen to be another, or to be read otherwise. */
export function openStream(api: JetStreamApi, name: string, opened: StreamInfo, onGone: () => void): Stream {
  const find = opened.isDirect ? findDirect : findAtLeader; // the first costs the server a fourth

  async function getInfo(subject?: string): Promise<StreamInfo> {
    const answer = await api.call(
      `STREAM.INFO.${name}`,
      subject === undefined ? undefined : { subjects_filter: subject },
    );
    const isGone = 'error' in answer && answer.error.code === API_ERROR.streamNotFound;
    const info = isGone ? undefined : getStreamInfo(name, getJson(`look at the stream "${name}"`, answer));
    if (info?.epoch === opened.epoch && info.isDirect === opened.isDirect) return info;
    onGone();
    throw new BrokerError('unavailable', `Cannot use the stream "${name}": it was removed or changed`);
  }

  async function findDirect(query: MessageQuery): Promise<StoredMessage | undefined> {
    let message: Msg;
    try {
      message = await api.request(`$JS.API.DIRECT.GET.${name}`, JSON.stringify(query));
    } catch (error) {
      await getInfo(); // a stream that was removed, or answers direct gets no more, says nothing at all
      throw error;
    }
    const { headers } = message;
    if (!headers || headers.code === 404) return undefined;
    if (headers.code !== 0) {
      throw new BrokerError('unavailable', `Cannot read the stream "${name}": ${headers.code} ${headers.description}`);
    }
    const subject = headers.get('Nats-Subject');
    const ts = Date.parse(headers.get('Nats-Time-Stamp'));
    return { seq: Number(headers.get('Nats-Sequence')), subject, content: findContent(message.string()), ts };
  }

  async function findAtLeader(query: MessageQuery): Promise<StoredMessage | undefined> {
    const answer = await api.call(`STREAM.MSG.GET.${name}`, query);
    if ('error' in answer && answer.error.code === API_ERROR.messageNotFound) return undefined;
    const { message } = getJson(`read the stream "${name}"`, answer);
    const { seq, subject, data, time } = isJsonObject(message) ? message : {};
    const text = typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '';
    return { seq: Number(seq), subject: String(subject), content: findContent(text), ts: Date.parse(String(time)) };
  }

  return {
    name,
    opened,
    info: getInfo,
    at: async (seq) => (seq > 0 ? await find({ seq }) : undefined),
    last: (subject) => find({ last_by_subj: subject }),
    next: (subject, seq) => find({ seq, next_by_subj: subject }),
  };
}
