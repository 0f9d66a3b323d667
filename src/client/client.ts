import {
  type ChannelEvents,
  type Contract,
  type Delivered,
  type Events,
  fillPattern,
  type ParamsOf,
  type PatternOf,
  type StoreOf,
  type StorePatternOf,
} from '../contract/index.ts';
import { type Clock, type GapReason, kindOf, type LogName, type Position, type Stop } from '../protocol/index.ts';
import type { ConnectionStatus } from './connection-status.ts';
import { createHost } from './host.ts';
import { createListeners, type Listeners } from './listeners.ts';
import { type ClientOptions, type Page, resolveOptions } from './options.ts';
import type { AppEffect, RefusalReason } from './session-event.ts';
import type { ClientStore } from './stores/client-store.ts';

/** An entry of a log, and where it came from. */
export interface Entry {
  readonly log: LogName;
  readonly event: string;
  readonly data: unknown;
  readonly at: Position;
  /** It came while its log caught up: it was sent before the page was there, or while the network was not. */
  readonly replayed: boolean;
}

/** Takes an event's payload. A promise that it returns is not waited for, but watched for errors. */
export type Handler<Payload> = (payload: Payload, entry: Entry) => unknown;

/** In its place in the log's order: what lay before `at` is lost, or can't be proven whole. Fetch what the page shows. */
export interface Gap {
  readonly log: LogName;
  readonly reason: GapReason;
  readonly at: Position;
}

/** A log that the page asked for and does not get, or no longer. A new handler asks for it again. */
export interface Refusal {
  readonly log: LogName;
  readonly reason: RefusalReason;
}

/** What a handler or listener threw, or its promise rejected with. */
export interface Failure {
  readonly error: unknown;
  /** What it was called with; undefined when it was the WebSocket or `headers` that threw. */
  readonly during: Entry | Gap | Refusal | ConnectionStatus | undefined;
}

/** The connection as an external store: `get` gives the same object until something changed. */
export interface Connection {
  /** How the connection is now. */
  get(): ConnectionStatus;
  /** Calls back at each change from now on. */
  subscribe(listener: (status: ConnectionStatus) => unknown): Stop;
}

/** One channel, as this page follows it. */
export interface ClientChannel<E extends Events> {
  readonly log: LogName;
  /** Takes an event of this channel. The channel is followed while it has handlers, and `lingerMs` longer. */
  on<Name extends keyof E & string>(event: Name, handler: Handler<Delivered<E, Name>>): Stop;
}

/**
 * A page's one connection. Every entry of a log that it follows comes once and in order, or a gap is told in its place;
 * between logs there is no order. Handlers are called one after another; one that throws stops neither others nor the log.
 */
export interface Client<A extends Contract> {
  /** Takes an event that is sent to this user or to everyone. The client connects a macrotask after the first. */
  on<Name extends keyof A['events'] & string>(event: Name, handler: Handler<Delivered<A['events'], Name>>): Stop;
  /**
   * Names a channel; `on` follows it.
   * @throws {RangeError} when a parameter is missing or empty, or the name is longer than 200 bytes
   */
  channel<Pattern extends PatternOf<A>>(
    pattern: Pattern,
    params: ParamsOf<Pattern>,
  ): ClientChannel<ChannelEvents<A, Pattern>>;
  /**
   * Names a store; `subscribe` follows it. It asks for `use: [stores([…])]` of `message-flow/client/stores`.
   * @throws {RangeError} when a parameter is missing or empty, the name is longer than 200 bytes, or `stores` was not given it
   * @throws {TypeError} when the client was made without `stores`
   */
  store<Pattern extends StorePatternOf<A>>(
    pattern: Pattern,
    params: ParamsOf<Pattern>,
  ): ClientStore<StoreOf<A, Pattern>>;
  /** Takes gaps, each in its place: before the handlers of what follows it. */
  onGap(listener: (gap: Gap) => unknown): Stop;
  /** An entry that no handler took: its position counts as seen. */
  onUnhandled(listener: (entry: Entry) => unknown): Stop;
  /** Takes refusals: a channel that the backend does not allow, or no longer. */
  onRefused(listener: (refusal: Refusal) => unknown): Stop;
  /** What a handler or listener threw. If nobody listens it is thrown as uncaught, so that the console or the process knows. */
  onError(listener: (failure: Failure) => unknown): Stop;
  /** How many entries no handler took. */
  readonly unhandledCount: number;
  readonly connection: Connection;
  /** The page that the client lives on, if any, for what is built on the client. */
  readonly page: Page | null;
  /** The client's time, for what is built on it. */
  readonly clock: Clock;
  /**
   * Connects, also after `close` and after being signed out.
   * @throws {TypeError} when the runtime has no WebSocket and none was given, or `url` is no address
   */
  connect(): void;
  /** Leaves the gateway until `connect`, which goes on from here, or as whoever has signed in meanwhile. */
  close(): void;
}

/** The handlers of one channel, or of all that is sent to the user and to everyone. */
interface Feed {
  readonly byEvent: Map<string, Listeners<Entry>>;
  /** Handlers at present. */
  count: number;
  stopLinger?: Stop;
}

/** Creates a client, typed by a contract: `createClient<typeof app>({ url: "/websocket" })`. Connects with the first `on`. */
export function createClient<A extends Contract>(given: ClientOptions): Client<A> {
  const options = resolveOptions(given);
  const { clock, lingerMs, page } = options;
  const own = createFeed();
  const channels = new Map<LogName, Feed>();
  const errors = createListeners<Failure>(throwLater);
  const gaps = createListeners<Gap>(report);
  const refusals = createListeners<Refusal>(report);
  const statuses = createListeners<ConnectionStatus>(report);
  const unhandled = createListeners<Entry>(report);
  const host = createHost(options, take, report);
  const part = options.openStores?.(host, report);
  let unhandledCount = 0;

  function report(error: unknown, during?: Failure['during']): void {
    if (!errors.tell({ error, during })) throwLater(error);
  }

  function throwLater(error: unknown): void {
    clock.after(0, () => {
      throw error;
    });
  }

  function take(effect: AppEffect): void {
    if (part?.take(effect)) return;
    switch (effect.type) {
      case 'deliver':
        deliver(effect);
        break;
      case 'gap':
        gaps.tell(effect);
        break;
      case 'unsubscribed':
        refusals.tell(effect);
        break;
      case 'state':
        statuses.tell(effect.status);
        break;
      case 'live':
        break;
      default:
        effect satisfies never;
    }
  }

  function deliver(entry: Entry): void {
    const feed = kindOf(entry.log) === 'channel' ? channels.get(entry.log) : own;
    if (feed?.byEvent.get(entry.event)?.tell(entry)) return;
    unhandledCount++;
    unhandled.tell(entry);
  }

  function handle(feed: Feed, event: string, handler: Handler<never>): Stop {
    if (host.status.reason === 'idle') host.start();
    const { byEvent } = feed;
    const listeners = byEvent.get(event) ?? createListeners<Entry>(report);
    byEvent.set(event, listeners);
    return listeners.add((entry) => handler(entry.data as never, entry));
  }

  function follow(log: LogName, event: string, handler: Handler<never>): Stop {
    const feed = channels.get(log) ?? createFeed();
    let stop: Stop | undefined = handle(feed, event, handler);
    channels.set(log, feed);
    feed.count++;
    feed.stopLinger?.();
    host.follow(log);
    return () => {
      if (!stop) return;
      stop();
      stop = undefined;
      feed.count--;
      if (feed.count === 0 && lingerMs < Number.POSITIVE_INFINITY) {
        feed.stopLinger = clock.after(lingerMs, () => unfollow(log));
      }
    };
  }

  function unfollow(log: LogName): void {
    channels.delete(log);
    host.unfollow(log);
  }

  return {
    on: (event, handler) => handle(own, event, handler),
    channel(pattern, params) {
      const log = fillPattern('channel', pattern, params);
      return { log, on: (event, handler) => follow(log, event, handler) };
    },
    store(pattern, params) {
      if (!part) throw new TypeError('Cannot follow a store: `use` has no stores([…])');
      return part.open(pattern, params) as ClientStore<StoreOf<A, typeof pattern>>;
    },
    onGap: gaps.add,
    onUnhandled: unhandled.add,
    onRefused: refusals.add,
    onError: errors.add,
    get unhandledCount() {
      return unhandledCount;
    },
    connection: { get: () => host.status, subscribe: statuses.add },
    page,
    clock,
    connect: host.start,
    close() {
      host.stop();
      for (const [log, { count, stopLinger }] of channels) {
        stopLinger?.();
        if (count === 0) unfollow(log);
      }
    },
  };
}

function createFeed(): Feed {
  return { byEvent: new Map(), count: 0 };
}
