import type { Broker } from '../broker/index.ts';
import { awaitWithin, type Clock, type LogName, type StartPosition, type Stop } from '../protocol/index.ts';
import { createFollowedLog } from './followed-log.ts';
import type { FollowedLog, FollowedLogOptions, LogEffect, LogEvent, ReadPurpose, Taking } from './log-events.ts';
import { createReadQueue } from './read-queue.ts';
import type { Frame, FrameCodec } from './ring.ts';
import { createTopsCheck } from './tops-check.ts';

/** One follower of one log. */
export interface Subscription {
  readonly log: LogName;
  readonly follower: Follower;
}

/** Who follows logs: a connection, or the gateway itself. */
export interface Follower {
  /** Says that a subscription may have something to take. */
  markReady(subscription: Subscription): void;
  /** Called once after all marks of a turn: take, and write once. */
  pump(): void;
}

/** Follows logs for all connections of a gateway: each log once, in one memory budget. */
export interface Relay<F extends Frame> {
  follow(subscription: Subscription, after: StartPosition): void;
  unfollow(subscription: Subscription): void;
  take(subscription: Subscription, maxBytes: number): Taking<F, Subscription>;
  /** Logs followed, subscriptions, bytes held in memory, and reads that wait for the broker. */
  stats(): RelayStats;
  close(): void;
}

/** What a relay holds now. */
interface RelayStats {
  readonly logs: number;
  readonly subscriptions: number;
  readonly bytes: number;
  readonly waitingReads: number;
}

/** What a relay runs on. */
export interface RelayOptions<F extends Frame> extends FollowedLogOptions {
  readonly broker: Broker;
  readonly codec: (log: LogName) => FrameCodec<F>;
  readonly clock: Clock;
  /** Calls back at the end of this turn of the event loop: what a log gained in it goes out as one. */
  readonly defer: (callback: () => void) => void;
  /** Memory for rings and stretches of all logs, in bytes. */
  readonly maxMemoryBytes: number;
  /** Broker reads under way at once. */
  readonly maxReads: number;
  /** Told of what went wrong and was survived: a malformed entry, a failed read, a follower that threw. */
  readonly onFault: (fault: { readonly during: string; readonly log?: LogName; readonly error: unknown }) => void;
}

interface Followed<F extends Frame> {
  readonly machine: FollowedLog<F, Subscription>;
  bytes: number;
  stopTail: Stop | undefined;
  /** Its one timer. */
  stopWake: Stop | undefined;
  isGone: boolean;
}

/** Logs kept without followers, each at some kilobytes for its machine, its tail and its place in the broker. */
const MAX_IDLE_LOGS = 10_000;
/** How long a broker may take to answer, in milliseconds: one that never settles would else silence a log for ever. */
const BROKER_TIMEOUT_MS = 10_000;
/** What part of the budget is left when it is passed: all logs are looked at for it, so not at every entry. */
const SHRINK_SHARE = 7 / 8;

/** Creates a relay that follows nothing yet. */
export function createRelay<F extends Frame>(options: RelayOptions<F>): Relay<F> {
  const { broker, codec, clock, defer, maxMemoryBytes, maxReads, onFault } = options;
  const logs = new Map<LogName, Followed<F>>();
  const grown = new Set<Followed<F>>();
  const ready = new Set<Subscription>();
  const reads = createReadQueue<Followed<F>>(maxReads);
  /** Logs without followers, longest idle first. */
  const idle = new Set<Followed<F>>();
  let bytes = 0;
  let isDeferred = false;

  const topsCheck = createTopsCheck({
    broker,
    clock,
    timeoutMs: BROKER_TIMEOUT_MS,
    isWanted: (name) => logs.has(name),
    onTop(name, top) {
      const followed = logs.get(name);
      if (followed) run(followed, { type: 'top', top });
    },
    onFailure: (error) => onFault({ during: 'tops', error }),
  });
  const stopInterrupted = broker.on('interrupted', (names) => topsCheck.ask(names === 'all' ? logs.keys() : names));

  function run(followed: Followed<F>, event: LogEvent<Subscription>): void {
    if (followed.isGone) return;
    try {
      perform(followed, followed.machine.step(event, clock.now()));
    } catch (error) {
      onFault({ during: event.type, log: followed.machine.name, error });
      // Who waits for a reading that can't be used waits for the next one.
      if (event.type === 'read')
        perform(followed, followed.machine.step({ ...event, type: 'read-failed' }, clock.now()));
    }
    account(followed);
    if (bytes > maxMemoryBytes) shrink(followed);
  }

  /** Notes what a log holds now. */
  function account(followed: Followed<F>): void {
    const { bytes: now } = followed.machine;
    bytes += now - followed.bytes;
    followed.bytes = now;
  }

  function perform(followed: Followed<F>, effects: readonly LogEffect<Subscription>[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'tail':
          void startTail(followed);
          break;
        case 'read':
          reads.add(followed, () => read(followed, effect.purpose, effect.after, effect.limit));
          break;
        case 'ready':
          ready.add(effect.subscription);
          flushSoon();
          break;
        case 'grown':
          grown.add(followed);
          flushSoon();
          break;
        case 'wake':
          wakeAt(followed, effect.at);
          break;
        case 'forget':
          forget(followed);
          break;
      }
    }
  }

  async function startTail(followed: Followed<F>): Promise<void> {
    const { name } = followed.machine;
    const attach = () => broker.tail(name, (entry) => run(followed, { type: 'entry', entry }));
    try {
      // One that comes too late is let go: the next attempt has a tail of its own.
      const stop = await awaitWithin(clock, BROKER_TIMEOUT_MS, attach, (late) => late());
      if (followed.isGone) stop();
      else followed.stopTail = stop;
      run(followed, { type: 'attached' });
    } catch (error) {
      if (followed.isGone) return; // nobody waits for it any more, most likely because all is closed
      onFault({ during: 'tail', log: name, error });
      run(followed, { type: 'tail-failed' });
    }
  }

  async function read(followed: Followed<F>, purpose: ReadPurpose, after: StartPosition, limit: number): Promise<void> {
    try {
      const ask = () => broker.read(followed.machine.name, after, limit);
      const reading = await awaitWithin(clock, BROKER_TIMEOUT_MS, ask);
      run(followed, { type: 'read', purpose, after, reading });
    } catch (error) {
      if (followed.isGone) return; // as above
      onFault({ during: 'read', log: followed.machine.name, error });
      run(followed, { type: 'read-failed', purpose });
    }
  }

  /** A runtime's timer counts whole milliseconds, so it may fire a little early: then it is set again for the rest. */
  function wakeAt(followed: Followed<F>, at: number): void {
    followed.stopWake?.();
    followed.stopWake = clock.after(Math.max(0, at - clock.now()), () => {
      if (clock.now() < at) wakeAt(followed, at);
      else run(followed, { type: 'wake' });
    });
  }

  function flushSoon(): void {
    if (isDeferred) return;
    isDeferred = true;
    defer(flush);
  }

  function flush(): void {
    isDeferred = false;
    const followers = new Set<Follower>();
    const mark = (subscription: Subscription) => {
      subscription.follower.markReady(subscription);
      followers.add(subscription.follower);
    };
    for (const { machine } of grown) for (const subscription of machine.subscriptions.keys()) mark(subscription);
    for (const subscription of ready) mark(subscription);
    grown.clear();
    ready.clear();
    for (const follower of followers) {
      try {
        follower.pump();
      } catch (error) {
        onFault({ during: 'pump', error }); // one follower's fault costs the others nothing
      }
    }
  }

  /** Frees memory: what is cheapest to have again goes first. The log that just grew keeps what its followers come for. */
  function shrink(latest: Followed<F>): void {
    const goal = maxMemoryBytes * SHRINK_SHARE;
    const byUse = [...logs.values()].filter((followed) => followed !== latest);
    for (const followed of byUse) if (bytes > goal && followed.machine.subscriptions.size === 0) forget(followed);
    for (const followed of byUse) {
      if (bytes <= goal) return;
      if (followed.isGone || followed.bytes === 0) continue;
      perform(followed, followed.machine.step({ type: 'shrink' }, clock.now()));
      account(followed);
    }
  }

  function forget(followed: Followed<F>): void {
    if (followed.isGone) return;
    followed.isGone = true;
    followed.stopTail?.();
    followed.stopWake?.();
    reads.drop(followed);
    bytes -= followed.bytes;
    logs.delete(followed.machine.name);
    grown.delete(followed);
    idle.delete(followed);
  }

  return {
    follow(subscription, after) {
      let followed = logs.get(subscription.log);
      if (!followed) {
        const machine = createFollowedLog<F, Subscription>(subscription.log, codec(subscription.log), options);
        followed = { machine, bytes: 0, stopTail: undefined, stopWake: undefined, isGone: false };
        logs.set(subscription.log, followed);
      }
      idle.delete(followed);
      run(followed, { type: 'follow', subscription, after });
    },
    unfollow(subscription) {
      ready.delete(subscription);
      const followed = logs.get(subscription.log);
      if (!followed) return;
      run(followed, { type: 'unfollow', subscription });
      if (followed.machine.subscriptions.size > 0) return;
      idle.add(followed);
      // Or a client that follows and leaves one log after another would fill the memory with empty rings.
      const [longest] = idle;
      if (longest && idle.size > MAX_IDLE_LOGS) forget(longest);
    },
    take(subscription, maxBytes) {
      const followed = logs.get(subscription.log);
      if (!followed) return { deliveries: [], hasMore: false, effects: [] };
      const taking = followed.machine.take(subscription, maxBytes);
      perform(followed, taking.effects);
      account(followed); // frames were made
      if (bytes > maxMemoryBytes) shrink(followed);
      return taking;
    },
    stats() {
      let subscriptions = 0;
      for (const { machine } of logs.values()) subscriptions += machine.subscriptions.size;
      return { logs: logs.size, subscriptions, bytes, waitingReads: reads.waiting };
    },
    close() {
      stopInterrupted();
      topsCheck.stop();
      for (const followed of [...logs.values()]) forget(followed);
    },
  };
}
