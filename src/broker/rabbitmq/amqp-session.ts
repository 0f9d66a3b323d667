import { awaitWithin, type Clock, type LogName, type Position } from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import type { Session } from '../link.ts';
import type { RetentionOptions } from '../retention.ts';
import { type StreamKind, streamKindOf } from '../stream-kind.ts';
import type { AmqpAddress } from './amqp-address.ts';
import { dial, type Lines } from './dial.ts';
import type { HeldStream, Taken } from './held-stream.ts';
import type { Amqplib } from './load-amqplib.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { queueOf, setUpStreams, spanOfStream } from './set-up.ts';
import { encodeStreamMessage } from './stream-message.ts';
import { ANSWER_TIMEOUT_MS, openReader, type StreamReader } from './stream-reader.ts';

/** Lines to a server, and all streams read. */
export interface AmqpSession extends Session {
  /** Why the server takes nothing now; undefined: it does. */
  readonly blocked: string | undefined;
  /**
   * Resolves once the entry is stored and was read again, with its place, or that of the first with its key.
   * @throws {BrokerError} `unavailable`
   */
  append(log: LogName, entry: NewEntry): Promise<Position>;
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
}

/**
 * Connects, and reads all streams up to their ends.
 * @throws {BrokerError} which says what is missing
 */
export async function openSession(parts: SessionParts): Promise<AmqpSession> {
  const { amqplib, address, clock, heartbeatS } = parts;
  const lines = await dial(amqplib, address, { clock, heartbeatS });
  const { ended, end } = watchEnd(lines);
  const gone = ended.then((reason): never => {
    throw new BrokerError('unavailable', `Cannot use RabbitMQ: ${reason}`);
  });
  gone.catch(() => {}); // told by `ended` too, once it is open
  try {
    return await Promise.race([openOn(lines, parts, ended, end), gone]);
  } catch (error) {
    await lines.close();
    throw error;
  }
}

async function openOn(
  lines: Lines,
  { address, retention, streams, clock, wallClock, onTaken }: SessionParts,
  ended: Promise<string>,
  end: (reason: string) => void,
): Promise<AmqpSession> {
  await setUpStreams(lines.talk, address, retention);
  const publisher = await createPublisher(lines.talk, address.prefix, end);
  const appends = createAppends({ publisher, streams, clock, wallClock, end });
  const open = (kind: StreamKind): Promise<StreamReader> =>
    openReader({
      ...{ kind, queue: queueOf(address.prefix, kind), held: streams[kind], line: lines.hear, publisher },
      ...{ clock, wallClock, spanMs: spanOfStream(kind, retention), onGone: end },
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

function watchEnd(lines: Lines): { readonly ended: Promise<string>; readonly end: (reason: string) => void } {
  let end: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  void lines.ended.then(end);
  return { ended, end };
}

interface Appends {
  readonly append: AmqpSession['append'];
  hear(taken: Taken): void;
}

/** A confirmation says that an entry is stored, not where; so each is waited for where all are read. */
function createAppends({
  publisher,
  streams,
  clock,
  wallClock,
  end,
}: Pick<SessionParts, 'streams' | 'clock' | 'wallClock'> & {
  readonly publisher: Publisher;
  readonly end: (reason: string) => void;
}): Appends {
  const waiting = new Map<string, Set<(at: Position) => void>>();

  function expect(id: string): { readonly read: Promise<Position>; readonly forget: () => void } {
    const mine = waiting.get(id) ?? new Set();
    waiting.set(id, mine);
    let hear: (at: Position) => void = () => {};
    const read = new Promise<Position>((resolve) => {
      hear = resolve;
      mine.add(hear);
    });
    return {
      read,
      forget() {
        mine.delete(hear);
        if (mine.size === 0 && waiting.get(id) === mine) waiting.delete(id);
      },
    };
  }

  return {
    async append(log, entry) {
      const kind = streamKindOf(log);
      const { epoch = '', knows } = streams[kind];
      const message = { type: 'entry', epoch, ts: wallClock(), log, isFirst: !knows(log), entry } as const;
      const { read, forget } = expect(nameEntry(log, entry.key));
      let isStored = false;
      const stored = async () => {
        await publisher.publish(kind, encodeStreamMessage(message));
        isStored = true;
      };
      try {
        const [at] = await awaitWithin(clock, ANSWER_TIMEOUT_MS, () => Promise.all([read, stored()]));
        return at;
      } catch (error) {
        if (error instanceof BrokerError) throw error;
        if (isStored) end('what was stored is not read');
        throw new BrokerError('unavailable', `Cannot send to RabbitMQ: no answer within ${ANSWER_TIMEOUT_MS} ms`);
      } finally {
        forget();
      }
    },
    hear(taken) {
      if (taken.type !== 'entry') return;
      for (const hear of waiting.get(nameEntry(taken.log, taken.key)) ?? []) hear(taken.at);
    },
  };
}

function nameEntry(log: LogName, key: string): string {
  return `${log}\n${key}`;
}
