import { randomUUID } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { StreamKind } from '../stream-kind.ts';
import { type Beginning, type Consumer, consume } from './consume.ts';
import type { Delivered, HeldStream, Taken } from './held-stream.ts';
import type { Publisher } from './publisher.ts';
import { shareProof } from './share-proof.ts';
import { encodeStreamMessage, findStreamMessage } from './stream-message.ts';

/** Reads a stream into memory, as it grows. */
export interface StreamReader {
  /**
   * Resolves once all that was stored before the call was read.
   * @throws {BrokerError} `unavailable`
   */
  prove(): Promise<void>;
}

/** What a reader works with. */
export interface ReaderParts {
  readonly kind: StreamKind;
  readonly queue: string;
  readonly held: HeldStream;
  readonly line: ChannelModel;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** How far back it reads, in milliseconds. */
  readonly spanMs: number;
  /** Called with each message that is read once all before was. */
  readonly onTaken: (taken: Taken) => void;
  readonly onGone: (reason: string) => void;
  /** Rejects once the line is gone, or is not wanted any more. */
  readonly gone: Promise<never>;
}

/** How long a stream may give nothing while something is known to be in it, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 3_000;
/** So many messages are read back in any case: a quiet stream then knows its logs for longer than its time. */
const LEAST_READ_BACK = 50_000;

/**
 * Opens a reader. Where the stream still has what was read last it goes on from there; else all that is held is forgotten,
 * and read anew. Resolves once all that was stored before is read.
 * @throws {BrokerError} `unavailable`
 */
export async function openReader(parts: ReaderParts): Promise<StreamReader> {
  const { kind, queue, held, line, publisher, clock, wallClock, spanMs, onTaken, onGone, gone } = parts;
  const probes = new Map<string, () => void>();
  let readCount = 0;
  let isLive = held.last !== undefined;
  let isGone = false;
  gone.catch(() => {
    isGone = true;
  });

  function take(delivered: Delivered): void {
    if (isGone) return; // memory is the next reader's by now
    readCount++;
    for (const taken of held.take(delivered)) {
      if (taken.type === 'probe') probes.get(taken.id)?.();
      else if (isLive) onTaken(taken);
    }
  }

  async function sendProbe(id: string): Promise<void> {
    await publisher.publish(kind, encodeStreamMessage({ type: 'probe', epoch: held.epoch ?? '', ts: wallClock(), id }));
  }

  /** Sends a probe, and resolves once it is read. */
  async function probe(onRead: () => void = () => {}): Promise<void> {
    const id = randomUUID();
    const read = new Promise<void>((resolve) => {
      probes.set(id, () => {
        onRead();
        resolve();
      });
    });
    try {
      await Promise.all([sendProbe(id), read]);
    } finally {
      probes.delete(id);
    }
  }

  /** Waits as long as something is read. */
  async function whileReading<T>(work: Promise<T>): Promise<T> {
    for (;;) {
      const before = readCount;
      try {
        return await awaitWithin(clock, ANSWER_TIMEOUT_MS, () => Promise.race([work, gone]));
      } catch (error) {
        if (error instanceof BrokerError) throw error;
        if (readCount === before) throw createSilent(queue);
      }
    }
  }

  /** The first message from a place on that is looked for; after all that are there one more comes, by this id. */
  async function find(from: Beginning, isIt: (delivered: Delivered, id: string) => boolean): Promise<Delivered> {
    const id = randomUUID();
    let consumer: Consumer | undefined;
    const found = new Promise<Delivered>((resolve, reject) => {
      const look = (delivered: Delivered) => {
        readCount++;
        if (isIt(delivered, id)) resolve(delivered);
      };
      const fail = (reason: string) => reject(new BrokerError('unavailable', `Cannot read RabbitMQ: ${reason}`));
      consume(line, queue, from, look, fail)
        .then(async (opened) => {
          consumer = opened;
          await sendProbe(id);
        })
        .catch(reject);
    });
    try {
      return await whileReading(found);
    } finally {
      void consumer?.stop();
    }
  }

  /** The number of a message that comes after all that are there. */
  async function findEnd(): Promise<number> {
    const isProbe = ({ text }: Delivered, id: string) => {
      const message = findStreamMessage(text);
      return message?.type === 'probe' && message.id === id;
    };
    return (await find('last', isProbe)).offset;
  }

  async function findBeginning(): Promise<Beginning> {
    const offset = Math.max(1, (await findEnd()) - LEAST_READ_BACK);
    const oldestMs = wallClock() - spanMs;
    const first = offset > 1 ? await find({ offset }, () => true) : undefined;
    const isYoung = first !== undefined && (findStreamMessage(first.text)?.ts ?? Number.POSITIVE_INFINITY) > oldestMs;
    return isYoung ? { ts: oldestMs } : { offset };
  }

  async function readAnew(): Promise<void> {
    isLive = false;
    await consume(line, queue, await findBeginning(), take, onGone);
    await whileReading(
      probe(() => {
        isLive = true; // what is read from here on is new
      }),
    );
    if (held.epoch !== undefined) return;
    held.clear();
    throw new BrokerError(
      'unavailable',
      `Cannot read RabbitMQ: nothing in "${queue}" says which stream it is; remove it`,
    );
  }

  /** Goes on after what was read last. False: the stream has something else at its place, or nothing; all is forgotten. */
  async function goOn(last: Delivered): Promise<boolean> {
    const end = await findEnd();
    // Beyond its end a server would wait, and say nothing.
    const isSame = end > last.offset && (await readFrom(last));
    if (!isSame) held.clear();
    return isSame;
  }

  /** Reads from a message on, if the stream has it still. */
  async function readFrom(last: Delivered): Promise<boolean> {
    let judge: (isSame: boolean) => void = () => {};
    let isSame: boolean | undefined;
    const verdict = new Promise<boolean>((resolve) => {
      judge = resolve;
    });
    const consumer = await consume(
      line,
      queue,
      last,
      (delivered) => {
        if (isSame) take(delivered);
        isSame ??= delivered.offset === last.offset && delivered.text === last.text;
        judge(isSame);
      },
      onGone,
    );
    if (await whileReading(verdict)) {
      await whileReading(probe());
      return true;
    }
    await consumer.stop();
    return false;
  }

  const { last } = held;
  if (!last || !(await goOn(last))) await readAnew();
  return {
    prove: shareProof(async () => {
      try {
        await awaitWithin(clock, ANSWER_TIMEOUT_MS, probe);
      } catch (error) {
        if (error instanceof BrokerError) throw error;
        const reason = `"${queue}" did not give what was stored within ${ANSWER_TIMEOUT_MS} ms`;
        onGone(reason);
        throw new BrokerError('unavailable', `Cannot read RabbitMQ: ${reason}`);
      }
    }),
  };
}

function createSilent(queue: string): BrokerError {
  return new BrokerError(
    'unavailable',
    `Cannot read RabbitMQ: "${queue}" gives nothing within ${ANSWER_TIMEOUT_MS} ms`,
  );
}
