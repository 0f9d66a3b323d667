import type { Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { Session } from '../link.ts';
import type { RetentionOptions } from '../retention.ts';
import type { StreamKind } from '../stream-kind.ts';
import type { AmqpAddress } from './amqp-address.ts';
import { type Appends, createAppends } from './appends.ts';
import { dial, type Lines } from './dial.ts';
import type { HeldStream, Taken } from './held-stream.ts';
import type { Amqplib } from './load-amqplib.ts';
import { createPublisher } from './publisher.ts';
import { queueOf, setUpStreams, spanOfStream } from './set-up.ts';
import { openReader, type StreamReader } from './stream-reader.ts';

/** Lines to a server, and all streams read. */
export interface AmqpSession extends Session {
  /** Why the server takes nothing now; undefined: it does. */
  readonly blocked: string | undefined;
  readonly append: Appends['append'];
  /**
   * Resolves once all that these streams had is read.
   * @throws {BrokerError} `unavailable`
   */
  prove(kinds: Iterable<StreamKind>): Promise<void>;
}

/** What a session is opened with. */
export interface SessionParts {
  readonly amqplib: Amqplib;
  readonly address: AmqpAddress;
  readonly retention: RetentionOptions;
  readonly streams: Readonly<Record<StreamKind, HeldStream>>;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly heartbeatS: number;
  readonly onTaken: (taken: Taken) => void;
  /** Rejects once nobody wants a session any more. */
  readonly closing: Promise<never>;
}

/**
 * Connects, and reads all streams up to their ends.
 * @throws {BrokerError} which says what is missing
 */
export async function openSession(parts: SessionParts): Promise<AmqpSession> {
  const { amqplib, address, clock, heartbeatS, closing } = parts;
  const lines = await dial(amqplib, address, { clock, heartbeatS });
  const { ended, end } = watchEnd(lines);
  const lost = ended.then((reason): never => {
    throw new BrokerError('unavailable', `Cannot use RabbitMQ: ${reason}`);
  });
  const gone = Promise.race([lost, closing]);
  gone.catch(() => {}); // told by `ended` too, once it is open
  try {
    return await Promise.race([openOn(lines, parts, { ended, end, gone }), gone]);
  } catch (error) {
    await lines.close();
    throw error;
  }
}

async function openOn(
  lines: Lines,
  { address, retention, streams, clock, wallClock, onTaken }: SessionParts,
  { ended, end, gone }: Ending,
): Promise<AmqpSession> {
  const [publisher] = await Promise.all([
    createPublisher(lines.talk, address.prefix, end),
    setUpStreams(lines.talk, address, retention),
  ]);
  const appends = createAppends({ publisher, streams, clock, wallClock, onDeaf: end });
  const open = (kind: StreamKind): Promise<StreamReader> =>
    openReader({
      ...{ kind, queue: queueOf(address.prefix, kind), held: streams[kind], line: lines.hear, publisher },
      ...{ clock, wallClock, spanMs: spanOfStream(kind, retention), onGone: end, gone },
      onTaken(taken) {
        onTaken(taken);
        appends.hear(taken);
      },
    });
  const [messages, runs, control] = await Promise.all([open('messages'), open('runs'), open('control')]);
  const readers: Record<StreamKind, StreamReader> = { messages, runs, control };
  return {
    ended,
    get blocked() {
      return publisher.blocked;
    },
    append: appends.append,
    prove: async (kinds) => void (await Promise.all([...kinds].map((kind) => readers[kind].prove()))),
    close: lines.close,
  };
}

/** How a session ends. */
interface Ending {
  readonly ended: Promise<string>;
  readonly end: (reason: string) => void;
  readonly gone: Promise<never>;
}

function watchEnd(lines: Lines): Omit<Ending, 'gone'> {
  let end: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  void lines.ended.then(end);
  return { ended, end };
}
