import type { Clock, LogName, Random } from '../../protocol/index.ts';
import type { Broker } from '../broker.ts';
import { createLink } from '../link.ts';
import { processClock } from '../process-clock.ts';
import { createRetention, type RetentionOptions } from '../retention.ts';
import { rotate } from '../server-place.ts';
import { STREAM_KINDS, streamKindOf } from '../stream-kind.ts';
import { appendEntry } from './append.ts';
import { createGate } from './gate.ts';
import { loadNats } from './load-nats.ts';
import type { NatsAddress } from './nats-address.ts';
import { type NatsSession, openSession } from './nats-session.ts';
import { readEntries } from './read.ts';
import { KEY_WINDOW_MS } from './stream-setup.ts';
import { startTailCheck } from './tail-check.ts';
import { createTails } from './tails.ts';
import { readTops } from './tops.ts';

/** How a broker on NATS is made. */
export interface NatsBrokerOptions extends RetentionOptions {
  /**
   * Longest time, in milliseconds, for which a live end that broke goes unseen: a connection that stands still, a stream with
   * another leader. What two servers of a cluster lose between them is found by looking at each followed log in turn, 200 in
   * this time.
   * @default 10_000
   */
  readonly tailCheckMs?: number;
  /** Longest wait, in milliseconds, of a call while the server is away. @default 5_000 */
  readonly callTimeoutMs?: number;
  /** Where its timers run. @default the process's own, which do not keep the process alive */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
  /** Wall-clock time, in milliseconds since 1970. @default Date.now */
  readonly wallClock?: () => number;
}

const HEALTH_TIMEOUT_MS = 2_000;

/**
 * Keeps logs in streams of NATS JetStream. Connects by itself, now and again whenever the connection ended; meanwhile calls
 * wait, then reject with `unavailable`. The streams are made where there are none.
 * @throws {BrokerError} `refused` when the driver is not installed
 */
export function createNatsBroker(address: NatsAddress, options: NatsBrokerOptions = {}): Broker {
  const { tailCheckMs = 10_000, callTimeoutMs = 5_000, clock = processClock } = options;
  const { random = Math.random, wallClock = Date.now } = options;
  createRetention(options); // throws at what keeps nothing, now and not once a server is there
  const nats = loadNats();
  const gate = createGate();
  const tails = createTails(wallClock);
  const listeners = new Set<(logs: readonly LogName[] | 'all') => void>();
  let state = { ok: false, since: wallClock() };
  let hasConnected = false;

  const link = createLink<NatsSession>({ engine: 'NATS', open, callTimeoutMs, clock, random });

  async function open(failureCount: number): Promise<NatsSession> {
    // One that lets us in may have lost the others of its cluster.
    const servers = rotate(address.servers, failureCount);
    const session = await openSession({ nats, address: { ...address, servers }, retention: options, gate, clock });
    const { streams, end } = session;
    let stopCheck = () => {};
    try {
      tails.attach({
        connection: session.api.connection,
        infoOf: (log) => streams[streamKindOf(log)].opened,
        onRefused: (log) => end(`this account has no right to hear "${log}"`),
      });
      await Promise.all(STREAM_KINDS.map((kind) => session.prove(kind)));
      session.confirm();
      stopCheck = startTailCheck(session, {
        tailCheckMs,
        tails: tails.list,
        canLeave: servers.length > 1,
        onInterrupted: tellInterrupted,
        onDead: end,
      });
      if (hasConnected) tellInterrupted('all');
      hasConnected = true;
      note(true);
    } catch (error) {
      await session.close();
      throw error;
    }
    return {
      ...session,
      async close() {
        stopCheck();
        note(false);
        await session.close();
      },
    };
  }

  function note(ok: boolean): void {
    if (state.ok !== ok) state = { ok, since: wallClock() };
  }

  function tellInterrupted(logs: readonly LogName[] | 'all'): void {
    for (const listener of listeners) listener(logs);
  }

  return {
    capabilities: { durable: true, interest: true, keyWindowMs: KEY_WINDOW_MS },
    append: (log, entry) => link.attempt((session) => appendEntry(session, log, entry), `append to "${log}"`),
    read: (log, after, limit) => link.attempt((session) => readEntries(session, log, after, limit), `read "${log}"`),
    async tail(log, onEntry) {
      const stop = tails.add(log, onEntry);
      try {
        await link.attempt((session) => session.prove(streamKindOf(log)), `follow "${log}"`);
        tails.confirm(log);
      } catch (error) {
        stop();
        throw error;
      }
      return stop;
    },
    tops: (logs) => link.attempt((session) => readTops(session, logs), 'read tops'),
    on(_, listener) {
      // A function of its own, so that listening twice with one is two listeners.
      const told = (logs: readonly LogName[] | 'all') => listener(logs);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    async health() {
      let reason: string | undefined;
      try {
        const session = await link.getSession(clock.now() + HEALTH_TIMEOUT_MS);
        await Promise.all(STREAM_KINDS.map((kind) => session.streams[kind].info()));
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      note(reason === undefined);
      return reason === undefined ? { ...state } : { ...state, reason };
    },
    async close() {
      listeners.clear();
      tails.clear();
      await link.close();
    },
  };
}
