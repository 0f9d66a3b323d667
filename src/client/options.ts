import type { Clock, Random } from '../protocol/index.ts';
import { createPageClock } from './clock.ts';
import type { Positions } from './session-event.ts';
import type { StoreHost, StorePart } from './store-part.ts';

/** What a client needs of a WebSocket: the browser's, Bun's and the one of the package `ws` all have it. */
export interface Socket {
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
  /** As `WebSocket.send`. */
  send(text: string): void;
  /** As `WebSocket.close`. */
  close(code?: number): void;
}

/** What a client needs of a `Response`. */
export interface FetchAnswer {
  readonly status: number;
  /** As `Response.json`. */
  json(): Promise<unknown>;
}

/** What a client needs of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly credentials: 'same-origin';
    readonly headers: Record<string, string>;
    readonly body: string;
  },
) => Promise<FetchAnswer>;

/** What a client needs of `sessionStorage`. It may throw, as when it is full. */
export interface PositionStorage {
  /** As `Storage.getItem`. */
  getItem(key: string): string | null;
  /** As `Storage.setItem`. */
  setItem(key: string, value: string): void;
}

/** What a page's events tell. */
export interface PageEvent {
  readonly type: string;
  /** A `pageshow` is of a page that was kept in memory, and slept. */
  readonly persisted?: boolean;
}

/** What a client needs of a page: a `window`. It listens to `visibilitychange`, `pageshow`, `pagehide` and `online`. */
export interface Page {
  readonly document: { readonly visibilityState: string };
  /** To ask for it may throw, as in a sandboxed frame. */
  readonly sessionStorage?: PositionStorage;
  /** As `window.addEventListener`. */
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  /** As `window.removeEventListener`. */
  removeEventListener(type: string, listener: (event: PageEvent) => void): void;
  /** As `window.requestAnimationFrame`; for what is built on the client and draws, such as its React hooks. */
  requestAnimationFrame?(callback: () => void): unknown;
}

/**
 * Gives a client what not every page needs, such as `stores([board])` or `oldServer("2016")`: from the options, with defaults, to
 * those in use.
 */
export type Extension = (options: ResolvedOptions) => ResolvedOptions;

/** What `createClient` takes. */
export interface ClientOptions {
  /** The gateway's address: `wss://…`, or relative to the page, such as `"/websocket"`: then `wss` if the page is `https`. */
  readonly url: string;
  /**
   * Where the backend's routes are, a path of this origin or a whole URL.
   * @default "/flow"
   */
  readonly flow?: string;
  /**
   * Makes headers for each request to the backend, such as `authorization`; for apps without cookies. What it throws
   * goes to `onError`, and the request is tried again later.
   * @default none: the page's cookies authenticate
   */
  readonly headers?: () => Readonly<Record<string, string>>;
  /**
   * How long a channel is still followed after its last handler stopped, in milliseconds, so that a page that changes
   * its view keeps it. 0: until the next macrotask. `Infinity`: until `close`. Costs the entries that come meanwhile.
   * @default 5_000
   */
  readonly lingerMs?: number;
  /**
   * Where positions outlive a reload; null: nowhere, a reload begins at the present. It is one client's alone: of two in a
   * tab that share it, the last to write wins, and the other may miss entries at a reload without a gap. So have one client
   * a tab, or give a second a storage of its own, such as `sessionStorage` with something put before each key, or null.
   * @default the page's `sessionStorage`, if there is a page
   */
  readonly storage?: PositionStorage | null;
  /**
   * Where the page begins, by log: `flow.snapshot(…).at`, for a page that a server rendered. It goes before what `storage` kept,
   * as what was rendered is of this moment.
   * @default none: where `storage` left off, or else at the present
   */
  readonly at?: Positions | undefined;
  /**
   * The page that sleeps, wakes and hides; null: none.
   * @default `window` on a page, else null
   */
  readonly page?: Page | null;
  /**
   * Opens sockets. Node 20 has none of its own: pass the one of the package `ws`.
   * @default the runtime's `WebSocket`
   */
  readonly WebSocket?: new (
    url: string,
  ) => Socket;
  /** Asks the backend. @default the runtime's `fetch` */
  readonly fetch?: Fetch;
  /** `stores([…])`, `oldServer(…)`: each takes what the one before gave. @default none */
  readonly use?: readonly Extension[];
  /** Tells the time and sets timers. @default wall time that never goes backwards, and `setTimeout` */
  readonly clock?: Clock;
  /** Draws the waits before reconnecting. @default `Math.random` */
  readonly random?: Random;
}

/** `ClientOptions` with every default in its place. */
export type ResolvedOptions = Required<Omit<ClientOptions, 'WebSocket' | 'storage' | 'at' | 'use'>> &
  Pick<ClientOptions, 'storage' | 'at'> & {
    readonly WebSocket: ClientOptions['WebSocket'];
    /**
     * Set by `stores([…])`: an agreement between two parts of this package.
     * @internal
     */
    readonly openStores?: (host: StoreHost, report: (error: unknown) => void) => StorePart;
  };

/** Puts the defaults in their places. */
export function resolveOptions(given: ClientOptions): ResolvedOptions {
  const { WebSocket, document } = globalThis as { WebSocket?: ResolvedOptions['WebSocket']; document?: unknown };
  const page = document ? (globalThis as unknown as Page) : null;
  let options: ResolvedOptions = {
    flow: '/flow',
    headers: () => ({}),
    lingerMs: 5_000,
    // Called as a function of its own: a browser's fetch refuses any other `this`.
    fetch: (url, init) => fetch(url, init),
    clock: createPageClock(),
    random: Math.random,
    page,
    WebSocket,
    ...given,
  };
  for (const adapt of given.use ?? []) options = adapt(options);
  return options;
}
