import { type Clock, isAtOrBefore, type LogName, type Position, type Stop } from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { createPeerOptions } from './curve.ts';
import { CHECK_TOPIC, encodeSubscription, findLive, type LiveMessage, topicOf } from './live-codec.ts';
import type { Zeromq } from './load-zeromq.ts';
import type { Place } from './place.ts';
import { createProber } from './prober.ts';
import { readAll } from './read-all.ts';
import { LIVE_WINDOW, SOCKET_OPTIONS } from './socket-options.ts';

/** Hears the proxy. */
export interface LiveEnd {
  /**
   * Follows a log. Resolves once the proxy is proven to deliver it.
   * @throws {BrokerError} `unavailable` without a proof within 5 s; `closed`
   */
  follow(log: LogName, onEntry: (entry: Entry) => void): Promise<Stop>;
  /**
   * Proves that what was subscribed to before is heard. Resolves to the proxy's epoch.
   * @throws {BrokerError} as `follow` does
   */
  prove(): Promise<string>;
  /** Proves the live end anew, as long as that takes, and then says `interrupted`. */
  mend(): void;
  close(): void;
}

interface Tail {
  readonly followers: Set<(entry: Entry) => void>;
  /** Those who wait for the proof. */
  waitingCount: number;
  heard: Position | undefined;
}

const PROOF_TIMEOUT_MS = 5_000;
/** The proxy checks every second; so long without is a live end that broke. */
const SILENCE_MS = 3_500;
const WATCH_INTERVAL_MS = 1_000;

/** Creates a live end and lets it connect, whether or not a proxy is there yet. */
export function createLiveEnd(
  zeromq: Zeromq,
  place: Place,
  clock: Clock,
  onInterrupted: (logs: readonly LogName[] | 'all') => void,
): LiveEnd {
  // Not a Subscriber, which drops subscriptions, in silence, when more than its high-water mark are made at once or come
  // back with a connection; and that mark can't be set on it.
  const socket = new zeromq.XSubscriber({
    ...SOCKET_OPTIONS,
    ...createPeerOptions(place),
    immediate: true, // without a connection nothing is queued: a new one is sent all that is subscribed to
    sendTimeout: 0, // it never waits
    sendHighWaterMark: 0,
    receiveHighWaterMark: LIVE_WINDOW,
  });
  const tails = new Map<LogName, Tail>();
  const prober = createProber({ clock, timeoutMs: PROOF_TIMEOUT_MS, subscribe, createFailure });
  let isProven = false;
  let isMending = false;
  let mustMendAgain = false;
  let lastCheck: number | undefined;
  let checkedAt = clock.now();
  let watchedAt = clock.now();
  let isClosed = false;
  let stopWatch: Stop = clock.after(WATCH_INTERVAL_MS, watch);

  function hear(message: LiveMessage): void {
    switch (message.type) {
      case 'entry': {
        const tail = tails.get(message.log);
        if (!tail) return;
        tail.heard = message.entry.at;
        for (const onEntry of tail.followers) onEntry(message.entry);
        return;
      }
      case 'probe':
        isProven = true;
        prober.hear(message.topic, message.epoch);
        return;
      case 'check':
        check(message.number, message.tops);
    }
  }

  /** What a log has and was not heard before its check, which came by the same way, was dropped. */
  function check(number: number, tops: readonly (readonly [LogName, Position])[]): void {
    const isNext = lastCheck === undefined || number === lastCheck + 1;
    lastCheck = number;
    checkedAt = clock.now();
    const missed: LogName[] = [];
    for (const [log, top] of tops) {
      const tail = tails.get(log);
      if (!tail || (tail.heard !== undefined && isAtOrBefore(top, tail.heard))) continue;
      tail.heard = top;
      missed.push(log);
    }
    if (isMending) return; // all will be said to be interrupted
    if (!isNext) onInterrupted('all');
    else if (missed.length > 0) onInterrupted(missed);
  }

  function watch(): void {
    const now = clock.now();
    // The process itself stood still: what came meanwhile is still to be read.
    if (now - watchedAt > 2 * WATCH_INTERVAL_MS) checkedAt = now;
    watchedAt = now;
    if (isProven && now - checkedAt > SILENCE_MS) mend();
    stopWatch = clock.after(WATCH_INTERVAL_MS, watch);
  }

  function mend(): void {
    mustMendAgain = true;
    if (isMending) return;
    isMending = true;
    void proveAnew();
  }

  /** Never rejects. */
  async function proveAnew(): Promise<void> {
    // A connection that comes back sends all subscriptions in an order of its own, a waiting probe's before others. So the
    // first proof says that it is back, and the second, asked for on it, that all are taken.
    for (let proofs = 0; proofs < 2 && !isClosed; ) {
      if (mustMendAgain) proofs = 0;
      mustMendAgain = false;
      const isGood = await prober.prove().then(
        () => true,
        () => false, // the proxy is away: asked again until it is back
      );
      proofs = isGood ? proofs + 1 : 0;
      if (mustMendAgain) proofs = 0;
    }
    isMending = false;
    lastCheck = undefined;
    checkedAt = clock.now();
    if (!isClosed) onInterrupted('all');
  }

  function createFailure(): BrokerError {
    if (isClosed) return new BrokerError('closed', 'Cannot use the broker: it is closed');
    const reason = `nothing is heard from the message proxy at ${place.address} within ${PROOF_TIMEOUT_MS / 1_000} s`;
    return new BrokerError('unavailable', `Cannot use the broker: ${reason}`);
  }

  function subscribe(topic: string, isOn: boolean): void {
    if (!isClosed) void socket.send(encodeSubscription(topic, isOn));
  }

  function leave(log: LogName, tail: Tail): void {
    if (isClosed || tail.followers.size > 0 || tail.waitingCount > 0 || tails.get(log) !== tail) return;
    tails.delete(log);
    subscribe(topicOf(log), false);
  }

  function join(log: LogName): Tail {
    const known = tails.get(log);
    if (known) return known;
    const tail: Tail = { followers: new Set(), waitingCount: 0, heard: undefined };
    tails.set(log, tail);
    subscribe(topicOf(log), true);
    return tail;
  }

  // Neither rejects: their steps don't throw.
  void readAll(socket, (frames) => {
    const message = findLive(frames);
    if (message) hear(message);
  });
  void readAll(socket.events, ({ type }) => {
    if (type === 'disconnect') mend();
  });
  subscribe(CHECK_TOPIC, true);
  socket.connect(place.live);

  return {
    async follow(log, onEntry) {
      if (isClosed) throw createFailure();
      const tail = join(log);
      // A wrapper of its own, so that following twice with one function is two tails.
      const follower = (entry: Entry) => onEntry(entry);
      tail.waitingCount++;
      try {
        await prober.prove();
        tail.followers.add(follower);
      } finally {
        tail.waitingCount--;
        leave(log, tail);
      }
      return () => {
        tail.followers.delete(follower);
        leave(log, tail);
      };
    },
    prove: prober.prove,
    mend,
    close() {
      isClosed = true;
      stopWatch();
      tails.clear();
      prober.close();
      socket.close();
    },
  };
}
