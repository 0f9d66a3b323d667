import { type Clock, findPositionParts, type LogName, type Random, type StartPosition } from '../../protocol/index.ts';
import type { Broker, Entry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { createLink } from '../link.ts';
import { processClock } from '../process-clock.ts';
import type { RetentionOptions } from '../retention.ts';
import { rotate } from '../server-place.ts';
import { retentionOfStream, STREAM_KINDS, type StreamKind, streamKindOf } from '../stream-kind.ts';
import type { AmqpAddress } from './amqp-address.ts';
import { type AmqpSession, openSession } from './amqp-session.ts';
import { createHeldStream, type Taken } from './held-stream.ts';
import { loadAmqplib } from './load-amqplib.ts';
import { KEY_WINDOW_MS } from './set-up.ts';

/** How a broker on RabbitMQ is made. */
export interface RabbitmqBrokerOptions extends RetentionOptions {
  /** Longest time, in milliseconds, for which a connection that stands still goes unseen; whole seconds count. @default 10_000 */
  readonly tailCheckMs?: number;
  /** Longest wait, in milliseconds, of a call while the server is away. @default 5_000 */
  readonly callTimeoutMs?: number;
  /** Where its timers run. @default the process's own, which do not keep the process alive */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
  /** Wall-clock time, in milliseconds since 1970; retention counts in it. @default Date.now */
  readonly wallClock?: () => number;
}

const HEALTH_TIMEOUT_MS = 2_000;
/** What each kind of stream gets of the memory. */
const SHARES: Record<StreamKind, number> = { messages: 0.6, runs: 0.3, control: 0.1 };

/**
 * Keeps logs in stream queues of RabbitMQ. Each process reads all of them and holds what retention keeps: `docs/rabbitmq.md`
 * says what that costs. Connects by itself, now and again whenever the connection ended; meanwhile calls wait, then reject
 * with `unavailable`. The streams are made where there are none.
 * @throws {BrokerError} `refused` when the driver is not installed
 */
export function createRabbitmqBroker(address: AmqpAddress, options: RabbitmqBrokerOptions = {}): Broker {
  const { tailCheckMs = 10_000, callTimeoutMs = 5_000, clock = processClock } = options;
  const { random = Math.random, wallClock = Date.now } = options;
  const createStream = (kind: StreamKind) =>
    createHeldStream({
      retention: retentionOfStream(kind, options),
      keyWindowMs: KEY_WINDOW_MS,
      maxBytes: address.maxHeldBytes * SHARES[kind],
      wallClock,
    });
  const streams = { messages: createStream('messages'), runs: createStream('runs'), control: createStream('control') };
  const amqplib = loadAmqplib();
  const tails = new Map<LogName, Set<(entry: Entry) => void>>();
  const listeners = new Set<(logs: readonly LogName[] | 'all') => void>();
  let state = { ok: false, since: wallClock() };
  let hasConnected = false;
  let stopOpening: () => void = () => {};
  const closing = new Promise<never>((_, reject) => {
    stopOpening = () => reject(new BrokerError('closed', 'Cannot use RabbitMQ: the broker is closed'));
  });
  closing.catch(() => {}); // while nothing is opened nobody is to be told

  const link = createLink<AmqpSession>({ engine: 'RabbitMQ', open, callTimeoutMs, clock, random });

  async function open(failureCount: number): Promise<AmqpSession> {
    const heartbeatS = Math.max(1, Math.floor(tailCheckMs / 3_000)); // found out after two to three of them
    // One that lets us in may have no replica of a stream.
    const servers = rotate(address.servers, failureCount);
    const session = await openSession({
      ...{
        amqplib,
        address: { ...address, servers },
        retention: options,
        streams,
        clock,
        wallClock,
        heartbeatS,
        closing,
      },
      onTaken: hear,
    });
    if (hasConnected) tellInterrupted();
    hasConnected = true;
    note(true);
    void session.ended.then(() => note(false));
    return session;
  }

  function hear(taken: Taken): void {
    if (taken.type === 'hole') tellInterrupted();
    if (taken.type !== 'entry' || !taken.added) return;
    for (const onEntry of tails.get(taken.log) ?? []) {
      try {
        onEntry(taken.added);
      } catch (error) {
        // To the process: the driver would take it for its own, and end the connection.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  function tellInterrupted(): void {
    for (const listener of listeners) listener('all');
  }

  function note(ok: boolean): void {
    if (state.ok !== ok) state = { ok, since: wallClock() };
  }

  /**
   * Resolves once memory has all that the server has. A server that takes nothing takes no probe either: then nothing is
   * stored any more, and memory has it or will in a moment.
   */
  async function catchUp(session: AmqpSession, kinds: Iterable<StreamKind>): Promise<void> {
    if (session.blocked === undefined) await session.prove(kinds);
  }

  /** What is not in memory may be stored all the same, if nothing proved the opposite. */
  function isBeyond(session: AmqpSession, log: LogName, after: StartPosition): boolean {
    const offset = after === 'start' ? 0 : (findPositionParts(after)?.offset ?? 0);
    return session.blocked !== undefined && offset > (streams[streamKindOf(log)].last?.offset ?? 0);
  }

  async function findFault(): Promise<string | undefined> {
    try {
      const session = await link.getSession(clock.now() + HEALTH_TIMEOUT_MS);
      if (session.blocked === undefined) await session.prove(STREAM_KINDS);
      return session.blocked;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    capabilities: { durable: true, interest: false, keyWindowMs: KEY_WINDOW_MS },
    append: (log, entry) => link.attempt((session) => session.append(log, entry), `append to "${log}"`),
    read: (log, after, limit) =>
      link.attempt(async (session) => {
        await catchUp(session, [streamKindOf(log)]);
        if (isBeyond(session, log, after))
          throw new BrokerError('unavailable', `"${after}" was not read yet, and ${session.blocked}`);
        return streams[streamKindOf(log)].read(log, after, limit);
      }, `read "${log}"`),
    async tail(log, onEntry) {
      // A function of its own, so that following twice with one is two tails.
      const follower = (entry: Entry) => onEntry(entry);
      // Whoever is read to is heard: nothing is missed of what is stored once there is a session, on whatever connection.
      await link.attempt(async () => {}, `follow "${log}"`);
      const followers = tails.get(log) ?? new Set();
      tails.set(log, followers);
      followers.add(follower);
      return () => {
        followers.delete(follower);
        if (followers.size === 0 && tails.get(log) === followers) tails.delete(log);
      };
    },
    tops: (logs) =>
      link.attempt(async (session) => {
        await catchUp(session, new Set(logs.map(streamKindOf)));
        return new Map(logs.map((log) => [log, streams[streamKindOf(log)].topOf(log)]));
      }, 'read tops'),
    on(_, listener) {
      const told = (logs: readonly LogName[] | 'all') => listener(logs);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    async health() {
      const reason = await findFault();
      note(reason === undefined);
      return reason === undefined ? { ...state } : { ...state, reason };
    },
    async close() {
      stopOpening();
      listeners.clear();
      tails.clear();
      await link.close();
    },
  };
}
