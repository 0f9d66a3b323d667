import { type Client, createClient, type Extension, type Fetch, type PageEvent } from '../client/index.ts';
import type { Contract } from '../contract/index.ts';
import { CLOSE_CODES, type Stop } from '../protocol/index.ts';
import type { FakeClock } from './fake-clock.ts';
import { createLineSocket, type Line, type LineParts } from './line.ts';
import type { Work } from './work.ts';

/** What a page does when it loads. If it returns a function, that is called when the load ends. */
export type PageScript<A extends Contract> = (client: Client<A>) => unknown;

/** A page of one user: a tab, with the client and the session storage of its own. Its faults resolve once all has settled. */
export interface RingPage<A extends Contract> {
  readonly user: string;
  /** The client of the present load: another one after `reload`. */
  readonly client: Client<A>;
  /**
   * Loses the connection, and for so long also the network: nothing is answered and nothing connects. The client comes back
   * by itself, as time passes.
   * @param ms milliseconds from now; 0: only the connection breaks, and a network that is away stays so. @default 0
   */
  drop(ms?: number): Promise<void>;
  /** Loads the page again: a new client, on the same session storage. */
  reload(): Promise<void>;
  /** Opens the tab once more: another page of the user, on a copy of the session storage. */
  duplicate(): Promise<RingPage<A>>;
  /** Ends the connection as a gateway does when its token ended, and was not renewed in time. */
  expireToken(): Promise<void>;
  /** Closes the tab. */
  close(): Promise<void>;
}

/** What pages live in. */
export interface PageParts extends Pick<LineParts, 'findGateway'> {
  readonly clock: FakeClock;
  readonly work: Work;
  /** The backend, as this user reaches it. */
  readonly fetchAs: (user: string) => Fetch;
  readonly use: readonly Extension[];
}

/** Opens a page, and loads it. `items` are what its session storage holds. */
export function openPage<A extends Contract>(
  parts: PageParts,
  user: string,
  script: PageScript<A>,
  items: ReadonlyMap<string, string> = new Map(),
  onOpen: (page: RingPage<A>) => void = () => {},
): RingPage<A> {
  const { clock, work, findGateway, fetchAs, use } = parts;
  const storage = new Map(items);
  const listeners = new Map<string, Set<(event: PageEvent) => void>>();
  /** The latest: a client has one connection at a time. */
  let line: Line | undefined;
  let isAway = false;
  let stopAway: Stop = () => {};

  const ask = fetchAs(user);
  const fetch: Fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const fail = () => reject(new TypeError('the network is away')); // as browsers put it: no more than that
      work.add(async () => {
        if (isAway) return fail();
        const answer = await ask(url, init);
        if (isAway) fail();
        else resolve(answer);
      });
    });

  const WebSocket = createLineSocket({
    work,
    findGateway: () => (isAway ? undefined : findGateway()),
    onLine: (latest) => {
      line = latest;
    },
  });

  const window = {
    document: { visibilityState: 'visible' },
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
    },
    addEventListener(type: string, listener: (event: PageEvent) => void) {
      listeners.set(type, (listeners.get(type) ?? new Set()).add(listener));
    },
    removeEventListener: (type: string, listener: (event: PageEvent) => void) =>
      void listeners.get(type)?.delete(listener),
    requestAnimationFrame: work.addFrame,
  };

  function comeBack(): void {
    isAway = false;
    for (const listener of [...(listeners.get('online') ?? [])]) listener({ type: 'online' }); // as a browser tells
  }

  function load(): { readonly client: Client<A>; readonly unload: Stop } {
    const client = createClient<A>({
      ...{ url: 'ws://ring/websocket', flow: 'http://ring/flow', fetch, WebSocket, page: window, clock, use },
      random: () => 0.5,
    });
    const stop = script(client);
    let isLoaded = true;
    return {
      client,
      unload() {
        if (!isLoaded) return;
        isLoaded = false;
        if (typeof stop === 'function') stop();
        client.close();
        line?.cut();
      },
    };
  }

  let present = load();
  const page: RingPage<A> = {
    user,
    get client() {
      return present.client;
    },
    drop(ms = 0) {
      if (ms > 0) {
        stopAway();
        isAway = true;
        stopAway = clock.after(ms, comeBack);
      }
      line?.cut();
      return work.settle();
    },
    reload() {
      present.unload();
      present = load();
      return work.settle();
    },
    async duplicate() {
      const copy = openPage(parts, user, script, storage, onOpen);
      await work.settle();
      return copy;
    },
    expireToken() {
      line?.close(CLOSE_CODES.tokenExpired, 'token expired');
      return work.settle();
    },
    close() {
      stopAway();
      present.unload();
      return work.settle();
    },
  };
  onOpen(page);
  return page;
}
