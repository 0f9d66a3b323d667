import type { Redis } from 'ioredis';
import { awaitWithin, type Clock, type Stop } from '../../protocol/index.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';
import { createTimers } from './timers.ts';

/** Listens to channels, wherever they are, and says when something may have been missed. */
export interface LiveEnd {
  /** Listens to a channel. Resolves once the server delivers; rejects with what went wrong, after the time limit at the latest. */
  listen(channel: string, onText: (text: string) => void): Promise<Stop>;
  close(): Promise<void>;
}

/** What a live end works with. */
export interface LiveEndParts {
  readonly clock: Clock;
  readonly probeIntervalMs: number;
  readonly timeoutMs: number;
  readonly open: (place: string) => Redis;
  /** Where a channel is: in a cluster one of many places; undefined while it is at none. */
  readonly find: (channel: string) => Promise<string | undefined>;
  /** Asks anew where channels are. */
  readonly refresh: () => Promise<void>;
  readonly publish: (channel: string, text: string) => Promise<void>;
  readonly onInterrupted: (channels: readonly string[]) => void;
}

/** How long to wait before what could not be mended is tried again, in milliseconds. */
const RETRY_MS = 500;

/** Creates a live end; it connects when something is first listened to. */
export function createLiveEnd(parts: LiveEndParts): LiveEnd {
  const { clock, timeoutMs, open, find, refresh, onInterrupted } = parts;
  const followers = new Map<string, Set<(text: string) => void>>();
  const subscribers = new Map<string, Subscriber>();
  const timers = createTimers(clock);
  let isRearranging = false;
  let isStale = false;

  function subscriberAt(place: string): Subscriber {
    const subscriber =
      subscribers.get(place) ??
      createSubscriber({
        ...parts,
        redis: open(place),
        onText(channel, text) {
          for (const onText of followers.get(channel) ?? []) onText(text);
        },
        onRestored: tell,
        onMisplaced: () => void rearrange(),
      });
    subscribers.set(place, subscriber);
    return subscriber;
  }

  function tell(channels: readonly string[]): void {
    if (channels.length > 0) onInterrupted(channels);
  }

  /** Listens where the channel is now; while it moves, again and again. */
  async function attach(channel: string): Promise<void> {
    while (followers.has(channel)) {
      const place = await find(channel);
      if (!followers.has(channel)) return; // stopped, or all is closed: nothing may be opened any more
      if (place !== undefined) {
        const isNew = !subscriberAt(place).channels.has(channel);
        if (await subscriberAt(place).add(channel)) {
          // Whoever listened already did so elsewhere, and `move` will find nothing to do.
          if (isNew && (followers.get(channel)?.size ?? 0) > 1) tell([channel]);
          return;
        }
      }
      await timers.pause(RETRY_MS);
      await refresh();
    }
  }

  /** Never rejects. Takes channels to where they are now; until all are somewhere it is done again. */
  async function rearrange(): Promise<void> {
    isStale = true;
    if (isRearranging) return;
    isRearranging = true;
    while (isStale) {
      isStale = false;
      if (!(await placeAll())) timers.wake(RETRY_MS, () => void rearrange());
    }
    isRearranging = false;
  }

  /** Never rejects. Says which channels moved; false when some are at no place yet. */
  async function placeAll(): Promise<boolean> {
    try {
      await refresh();
    } catch {
      return false; // nobody said where channels are
    }
    const moves = await Promise.allSettled([...followers.keys()].map(move));
    tell(moves.flatMap((result) => (result.status === 'fulfilled' ? (result.value ?? []) : [])));
    for (const [place, { channels }] of subscribers) if (channels.size === 0) leave(place);
    return moves.every(({ status }) => status === 'fulfilled');
  }

  /** The channel, if it was somewhere else before. */
  async function move(channel: string): Promise<string | undefined> {
    const place = await find(channel);
    if (place === undefined) throw new Error(`no server has "${channel}"`);
    if (!followers.has(channel) || subscribers.get(place)?.channels.has(channel)) return undefined;
    forget(channel);
    try {
      const isThere = await awaitWithin(clock, timeoutMs, () => subscriberAt(place).add(channel));
      if (!isThere) throw new Error(`"${channel}" is on its way`);
      return channel;
    } catch (error) {
      subscribers.get(place)?.remove(channel); // or it would be taken for one that was there all the time
      throw error;
    }
  }

  function forget(channel: string): void {
    for (const subscriber of subscribers.values()) if (subscriber.channels.has(channel)) subscriber.remove(channel);
  }

  function leave(place: string): void {
    void subscribers.get(place)?.close(); // never rejects
    subscribers.delete(place);
  }

  return {
    async listen(channel, onText) {
      const mine = followers.get(channel) ?? new Set();
      followers.set(channel, mine);
      // A function of its own, so that listening twice with one is two.
      const follower = (text: string) => onText(text);
      mine.add(follower);
      const stop = () => {
        mine.delete(follower);
        if (mine.size > 0 || followers.get(channel) !== mine) return;
        followers.delete(channel);
        forget(channel);
      };
      try {
        await awaitWithin(clock, timeoutMs, () => attach(channel));
        return stop;
      } catch (error) {
        stop();
        throw error;
      }
    },
    async close() {
      timers.end();
      followers.clear();
      await Promise.all([...subscribers.values()].map((subscriber) => subscriber.close()));
    },
  };
}
