import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { formatPosition, type LogName, type Stop, tagOf } from '../../protocol/index.ts';
import type { Entry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { findContent } from '../entry-text.ts';
import type { StreamInfo } from './stream-info.ts';
import { tokensOf } from './subject.ts';

/** A log that is followed, as the tail check sees it. */
export interface Tail {
  readonly log: LogName;
  /** Number of its last message that was heard; 0: none. */
  readonly heard: number;
}

/** Who follows which logs. Each log is one subscription, on whatever connection there is. */
export interface Tails {
  /** Follows a log, now if there is a connection, and on every later one. */
  add(log: LogName, onEntry: (entry: Entry) => void): Stop;
  /**
   * States that what was subscribed to is heard by now.
   * @throws {BrokerError} `refused` when the account may not hear the log
   */
  confirm(log: LogName): void;
  /** Goes on, on another connection. */
  attach(line: TailLine): void;
  /** All followed logs, in a stable order. */
  list(): readonly Tail[];
  /** Forgets everybody. */
  clear(): void;
}

/** A connection as tails use it. */
interface TailLine {
  readonly connection: NatsConnection;
  /** The stream of a log. */
  readonly infoOf: (log: LogName) => StreamInfo;
  /** Called when the account may not hear a log any more that it heard before. */
  readonly onRefused: (log: LogName) => void;
}

interface Followed {
  readonly log: LogName;
  readonly followers: Set<(entry: Entry) => void>;
  subscription: Subscription | undefined;
  /** Its followers were told that they hear it. */
  isProven: boolean;
  isRefused: boolean;
  heard: number;
}

/** Creates tails of nothing, on no connection. */
export function createTails(wallClock: () => number): Tails {
  const logs = new Map<LogName, Followed>();
  let line: TailLine | undefined;

  function subscribe(followed: Followed, { connection, infoOf, onRefused }: TailLine): void {
    if (connection.isClosed()) return;
    const info = infoOf(followed.log);
    followed.isRefused = false;
    followed.heard = 0;
    followed.subscription = connection.subscribe(`${info.livePrefix}${tokensOf(followed.log)}`, {
      callback(error, message) {
        if (error) {
          followed.isRefused = true;
          if (followed.isProven) onRefused(followed.log);
          return;
        }
        const entry = findEntry(message, info, wallClock());
        if (!entry) return;
        followed.heard = Number(message.headers?.get('Nats-Sequence'));
        for (const onEntry of followed.followers) {
          try {
            onEntry(entry);
          } catch (fault) {
            throwLater(fault);
          }
        }
      },
    });
  }

  return {
    add(log, onEntry) {
      const followed: Followed = logs.get(log) ?? {
        log,
        followers: new Set(),
        subscription: undefined,
        isProven: false,
        isRefused: false,
        heard: 0,
      };
      // A function of its own, so that following twice with one is two tails.
      const follower = (entry: Entry) => onEntry(entry);
      followed.followers.add(follower);
      if (!logs.has(log)) {
        logs.set(log, followed);
        if (line) subscribe(followed, line);
      }
      return () => {
        followed.followers.delete(follower);
        if (followed.followers.size > 0 || logs.get(log) !== followed) return;
        logs.delete(log);
        followed.subscription?.unsubscribe();
      };
    },
    confirm(log) {
      const followed = logs.get(log);
      if (followed?.isRefused) {
        throw new BrokerError('refused', `Cannot follow "${log}": this account has no right to hear it`);
      }
      if (followed) followed.isProven = true;
    },
    attach(next) {
      line = next;
      for (const followed of logs.values()) subscribe(followed, next);
    },
    list: () => [...logs.values()],
    clear() {
      line = undefined;
      logs.clear();
    },
  };
}

/** Reads a message of the live end; undefined for one that is none of ours. */
function findEntry(message: Msg, { epoch }: StreamInfo, now: number): Entry | undefined {
  const content = findContent(message.string());
  const offset = Number(message.headers?.get('Nats-Sequence'));
  if (!content || !(offset > 0)) return undefined;
  // 0 is what the server says for the first message and for the first after all others went: nothing is known then.
  const last = Number(message.headers?.get('Nats-Last-Sequence'));
  const previous = last > 0 ? { offset: last } : null;
  return { ...content, at: formatPosition({ epoch, offset, tag: tagOf(content.key) }), previous, ts: now };
}

/** Hands an error of whoever hears to the process: the driver would take it for its own, and read no more for anybody. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
