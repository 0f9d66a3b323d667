import type { Msg, Subscription } from '@nats-io/transport-node';
import type { Stop } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { findContent } from '../entry-text.ts';
import { getJson, type JetStreamApi } from './jetstream-api.ts';
import type { StoredMessage } from './message.ts';

/** Longest silence of a consumer, in milliseconds. */
const SILENCE_TIMEOUT_MS = 2_000;
/** When the server removes a consumer that nobody asks any more, in nanoseconds: one that we failed to remove. */
const INACTIVE_NANOS = 10_000_000_000;

/** Reads many messages of a subject of a stream at once: the first `limit` from `seq` on, up to `to`, which is one of them. */
export async function pullMessages(
  api: JetStreamApi,
  name: string,
  subject: string,
  seq: number,
  { limit, to }: { readonly limit: number; readonly to: number },
): Promise<readonly StoredMessage[]> {
  const answer = await api.call(`CONSUMER.CREATE.${name}`, {
    stream_name: name,
    config: {
      ...{ filter_subject: subject, deliver_policy: 'by_start_sequence', opt_start_seq: seq },
      ...{ ack_policy: 'none', replay_policy: 'instant', max_waiting: 1 },
      ...{ mem_storage: true, num_replicas: 1, inactive_threshold: INACTIVE_NANOS },
    },
  });
  const { name: consumer } = getJson(`read the stream "${name}"`, answer);
  try {
    return await receive(api, name, String(consumer), limit, to);
  } finally {
    // It removes itself after a while, so nobody waits for the answer or minds a failure.
    api.call(`CONSUMER.DELETE.${name}.${String(consumer)}`).catch(() => {});
  }
}

function receive(
  { connection, clock, createInbox }: JetStreamApi,
  stream: string,
  consumer: string,
  limit: number,
  to: number,
): Promise<readonly StoredMessage[]> {
  const inbox = createInbox();
  const messages: StoredMessage[] = [];
  return new Promise((resolve, reject) => {
    let isOver = false;
    let stopTimer = startTimer();
    let subscription: Subscription | undefined;
    try {
      subscription = connection.subscribe(inbox, { callback: (error, message) => take(error ? undefined : message) });
      void subscription.closed.then(() => fail('the connection ended'));
      const request = { batch: limit, expires: SILENCE_TIMEOUT_MS * 1_000_000 };
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), { reply: inbox });
    } catch {
      fail('the connection ended'); // since the consumer was made
    }

    function take(message: Msg | undefined): void {
      const { headers, subject } = message ?? {};
      const place = findPlace(message?.reply ?? '');
      if (!message || subject === undefined) fail('this account may not hear the answers');
      else if (headers && headers.code >= 400) fail(`${headers.code} ${headers.description}`);
      else if (place?.delivered !== messages.length + 1) fail('a message was lost on the way');
      else {
        messages.push({ seq: place.seq, subject, content: findContent(message.string()), ts: place.ts });
        stopTimer();
        if (place.seq >= to || messages.length === limit) end();
        else stopTimer = startTimer();
      }
    }

    function startTimer(): Stop {
      return clock.after(SILENCE_TIMEOUT_MS, () => fail(`nothing within ${SILENCE_TIMEOUT_MS} ms`));
    }

    function end(): void {
      if (isOver) return;
      isOver = true;
      stopTimer();
      subscription?.unsubscribe();
      resolve(messages);
    }

    function fail(reason: string): void {
      if (isOver) return;
      reject(new BrokerError('unavailable', `Cannot read the stream "${stream}": ${reason}`));
      end();
    }
  });
}

/** Reads where a message lies from the subject of its acknowledgement, which newer servers write with more parts. */
function findPlace(
  reply: string,
): { readonly seq: number; readonly delivered: number; readonly ts: number } | undefined {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  // $JS.ACK.(<domain>.<account>.)<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>(.<random>)
  const from = tokens.length === 9 ? 5 : 7;
  const [seq, delivered, nanos] = tokens.slice(from, from + 3);
  return { seq: Number(seq), delivered: Number(delivered), ts: Number(nanos?.slice(0, -6)) };
}
