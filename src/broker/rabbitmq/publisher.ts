import { randomUUID } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import { BrokerError } from '../broker-error.ts';
import type { StreamKind } from '../stream-kind.ts';
import { describeFault } from './dial.ts';

/** Sends messages to streams. */
export interface Publisher {
  /** Why the server takes nothing now; undefined: it does. */
  readonly blocked: string | undefined;
  /**
   * Resolves once the stream has it, on most of its replicas.
   * @throws {BrokerError} `unavailable`: also at once, when the server is blocked or too much is under way
   */
  publish(kind: StreamKind, text: string): Promise<void>;
}

/** Messages that may be under way at once, so that a server that is slow costs a bounded memory. */
const MAX_MESSAGES = 10_000;
const MAX_BYTES = 64 * 1_048_576;

/** Creates a publisher to an exchange. `onGone`: what took the messages is not there any more. */
export async function createPublisher(
  line: ChannelModel,
  exchange: string,
  onGone: (reason: string) => void,
): Promise<Publisher> {
  const channel = await line.createConfirmChannel();
  const returned = new Set<unknown>();
  /** Those whose messages are under way. */
  const waiting = new Set<(error: BrokerError) => void>();
  let blocked: string | undefined;
  let count = 0;
  let bytes = 0;

  line.on('blocked', (reason) => {
    blocked = `the server is blocked: ${reason}`;
    for (const reject of waiting) reject(createUnavailable(blocked));
  });
  line.on('unblocked', () => {
    blocked = undefined;
  });
  channel.on('error', (error) => onGone(describeFault(error)));
  channel.on('close', () => {
    for (const reject of waiting) reject(createUnavailable('the connection ended'));
    onGone('the channel was closed');
  });
  // Of what no queue takes the server says so, and acknowledges it all the same.
  channel.on('return', ({ properties }) => returned.add(properties.messageId));

  function send(kind: StreamKind, content: Buffer): Promise<void> {
    const messageId = randomUUID();
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      channel.publish(exchange, kind, content, { mandatory: true, persistent: true, messageId }, (error) => {
        waiting.delete(reject);
        if (returned.delete(messageId)) {
          const reason = `the stream of ${kind} was removed, or is not bound to the exchange ${exchange}`;
          onGone(reason);
          reject(createUnavailable(reason));
        } else if (error) reject(createUnavailable('the server did not take it'));
        else resolve();
      });
    });
  }

  return {
    get blocked() {
      return blocked;
    },
    async publish(kind, text) {
      if (blocked !== undefined) throw createUnavailable(blocked);
      const content = Buffer.from(text);
      if (count >= MAX_MESSAGES || bytes + content.length > MAX_BYTES) {
        throw createUnavailable(`${count} messages of ${bytes} bytes are under way`);
      }
      count++;
      bytes += content.length;
      try {
        await send(kind, content);
      } catch (error) {
        throw error instanceof BrokerError ? error : createUnavailable('the channel is closed');
      } finally {
        count--;
        bytes -= content.length;
      }
    },
  };
}

function createUnavailable(reason: string): BrokerError {
  return new BrokerError('unavailable', `Cannot send to RabbitMQ: ${reason}`);
}
