import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { end } from './connections.ts';
import { isReply } from './fault.ts';
import { createTimers } from './timers.ts';

/** The live end at one server: a connection of its own, which mends itself. */
export interface Subscriber {
  /** Listens to a channel. Resolves once the server delivers: true; false where it has the channel no more. */
  add(channel: string): Promise<boolean>;
  remove(channel: string): void;
  readonly channels: ReadonlySet<string>;
  close(): Promise<void>;
}

/** What a subscriber tells, and what it works with. */
export interface SubscriberParts {
  readonly redis: Redis;
  readonly clock: Clock;
  /** How often the live path is tried, in milliseconds. */
  readonly probeIntervalMs: number;
  /** How long a probe may be under way, in milliseconds. */
  readonly timeoutMs: number;
  readonly publish: (channel: string, text: string) => Promise<void>;
  readonly onText: (channel: string, text: string) => void;
  /** These channels were silent for a while, and are heard again: something may have been missed. */
  readonly onRestored: (channels: readonly string[]) => void;
  /** The server is away, or has given channels to another one. */
  readonly onMisplaced: () => void;
}

const RETRY_MS = 50;
/** How long to wait before a server is asked again that refused a channel, in milliseconds. */
const REFUSAL_RETRY_MS = 1_000;

/** Creates a live end that listens to nothing yet. */
export function createSubscriber(parts: SubscriberParts): Subscriber {
  const { redis, clock, probeIntervalMs, timeoutMs, publish, onText, onRestored, onMisplaced } = parts;
  const channels = new Set<string>();
  const waiting = new Set<() => void>();
  const timers = createTimers(clock);
  let hasConnected = false;
  let isRestoring = false;
  /** What is to be listened to again. */
  const stale = new Set<string>();
  let restoreCount = 0;
  let isClosed = false;
  /** A channel of our own beside one that is listened to, so that a cluster keeps both at one server. */
  let probe: { readonly channel: string; onText(text: string): void } | undefined;

  redis.on('smessage', (channel: string, text: string) => {
    if (channel === probe?.channel) probe.onText(text);
    else if (channels.has(channel)) onText(channel, text);
  });
  redis.on('error', () => {}); // `close` follows and tells; without a listener it would be printed
  redis.on('close', () => {
    wakeWaiting();
    if (!isClosed) onMisplaced();
  });
  redis.on('ready', () => {
    wakeWaiting();
    if (hasConnected) restoreAll();
    hasConnected = true;
  });
  // A cluster took slots from this server, and with them the channels in them.
  redis.on('moved', restoreAll);
  timers.wake(probeIntervalMs, () => void tryPath());

  function wakeWaiting(): void {
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  function restoreAll(): void {
    restoreCount++;
    probe = undefined;
    void restore(channels);
  }

  /** Never rejects. Listens to channels again, and says so of those that are heard. */
  async function restore(wanted: Iterable<string>): Promise<void> {
    for (const channel of wanted) stale.add(channel);
    if (isRestoring) return;
    isRestoring = true;
    while (stale.size > 0 && !isClosed) {
      const lost = [...stale].filter((channel) => channels.has(channel));
      stale.clear();
      const results = await Promise.allSettled(lost.map((channel) => redis.ssubscribe(channel)));
      const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined));
      for (const [i, channel] of lost.entries()) if (isMoved(reasons[i])) channels.delete(channel);
      if (reasons.some(isMoved)) onMisplaced();
      // These alone: the others are heard, and must not be cut for it. What the connection took with it the next one restores.
      const refused = lost.filter((_, i) => isReply(reasons[i]) && !isMoved(reasons[i]));
      if (refused.length > 0) timers.wake(REFUSAL_RETRY_MS, () => void restore(refused));
      onRestored(lost.filter((channel, i) => reasons[i] === undefined && channels.has(channel)));
    }
    isRestoring = false;
  }

  function reconnect(): void {
    if (!isClosed) redis.disconnect(true);
  }

  /** Never rejects. Sends something round through the server; a path that does not bring it is given up. */
  async function tryPath(): Promise<void> {
    const [beside] = channels;
    if (beside !== undefined && redis.status === 'ready') {
      const before = restoreCount;
      await awaitWithin(clock, timeoutMs, () => sendRound(beside)).catch(() => {
        if (restoreCount === before) reconnect(); // else another connection than the one that was tried
      });
    }
    timers.wake(probeIntervalMs, () => void tryPath());
  }

  async function sendRound(beside: string): Promise<void> {
    const text = randomUUID();
    const isNew = probe === undefined;
    const channel = probe?.channel ?? `${beside}:probe:${randomUUID()}`;
    const heard = new Promise<void>((resolve) => {
      probe = { channel, onText: (said) => said === text && resolve() };
    });
    if (isNew) await redis.ssubscribe(channel);
    await publish(channel, text);
    await heard;
  }

  return {
    channels,
    async add(channel) {
      channels.add(channel);
      while (channels.has(channel)) {
        if (redis.status !== 'ready') {
          await new Promise<void>((resolve) => waiting.add(resolve));
          continue;
        }
        try {
          await redis.ssubscribe(channel);
          return true;
        } catch (error) {
          if (isMoved(error)) {
            channels.delete(channel);
            return false;
          }
          if (isReply(error)) throw error;
          // Not at once: on a connection that is about to close this would be a loop without an end.
          await timers.pause(RETRY_MS);
        }
      }
      return true; // nobody wants it any more
    },
    remove(channel) {
      channels.delete(channel);
      if (redis.status === 'ready') redis.sunsubscribe(channel).catch(() => {}); // a lost connection listens to nothing
    },
    async close() {
      isClosed = true;
      channels.clear();
      timers.end();
      wakeWaiting();
      await end(redis, clock, timeoutMs);
    },
  };
}

function isMoved(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('MOVED ');
}
