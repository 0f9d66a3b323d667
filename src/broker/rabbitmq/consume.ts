import type { ChannelModel } from 'amqplib';
import { describeFault } from './dial.ts';
import type { Delivered } from './held-stream.ts';

/** Where in a stream reading begins: a message's number, a time in milliseconds since 1970, or its last part. */
export type Beginning = { readonly offset: number } | { readonly ts: number } | 'last';

/** What reads a stream. */
export interface Consumer {
  /** Reads no more. Never rejects. */
  stop(): Promise<void>;
}

/** Messages that the server sends ahead. A stream is refused without a bound, and without acknowledgements. */
const PREFETCH = 1_000;
const ACK_EVERY = 250;

/**
 * Reads a stream from a place on. Of a place that is gone the server says nothing: it begins with what is kept.
 * `onGone`: the stream, or the replica that was read, is not there any more.
 */
export async function consume(
  line: ChannelModel,
  queue: string,
  from: Beginning,
  onDelivered: (delivered: Delivered) => void,
  onGone: (reason: string) => void,
): Promise<Consumer> {
  const channel = await line.createChannel();
  let isStopped = false;
  let count = 0;
  const end = (reason: string) => {
    if (!isStopped) onGone(reason);
  };
  channel.on('error', (error) => end(describeFault(error)));
  channel.on('close', () => end(`the reading of "${queue}" ended`));
  await channel.prefetch(PREFETCH);
  await channel.consume(
    queue,
    (message) => {
      if (isStopped) return;
      if (!message) {
        end(`the stream "${queue}" was removed`);
        return;
      }
      count++;
      if (count % ACK_EVERY === 0) channel.ack(message, true);
      const offset = Number(message.properties.headers?.['x-stream-offset']) + 1;
      onDelivered({ offset, text: message.content.toString() });
    },
    { arguments: { 'x-stream-offset': encodeBeginning(from) } },
  );
  return {
    async stop() {
      isStopped = true;
      try {
        await channel.close();
      } catch {
        // It is closed already, and its connection with it.
      }
    },
  };
}

function encodeBeginning(from: Beginning): unknown {
  if (from === 'last') return from;
  if ('offset' in from) return from.offset - 1;
  return { '!': 'timestamp', value: Math.max(0, Math.floor(from.ts / 1_000)) };
}
