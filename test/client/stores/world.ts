import { createFlow, type Flow, type StoredState } from 'message-flow/backend';
import { type Broker, BrokerError, createMemoryBroker, type Entry } from 'message-flow/broker';
import { type Client, type ClientOptions, createClient, type Fetch, type Socket } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import { contract, store, type } from 'message-flow/contract';
import {
  encodeControlFrame,
  encodeEntryFrame,
  type LogName,
  type Position,
  readClientText,
  type Stop,
} from 'message-flow/protocol';
import type { SeededRandom } from '../../simulation/random.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';

export interface List {
  texts: string[];
}
export const list = store('list', type<List>()).actions((on) => ({
  add: on(type<string>(), (draft, text) => draft.texts.push(text)),
  cut: on(type<number>(), (draft, length) => {
    draft.texts.length = Math.min(draft.texts.length, length);
  }),
}));
export const app = contract({ stores: [list] });
const LOG = 'store/list' as LogName;

/** What goes wrong, each with its probability. */
export interface Faults {
  readonly lostRequest: number;
  readonly lostAnswer: number;
  readonly doubled: number;
  /** A web server dies after a save, before it told of it and before it answered. */
  readonly crash: number;
  readonly failedLoad: number;
  readonly failedAppend: number;
  /** Longest delay of anything, in milliseconds. */
  readonly delayMs: number;
}

export const NO_FAULTS: Faults = {
  lostRequest: 0,
  lostAnswer: 0,
  doubled: 0,
  crash: 0,
  failedLoad: 0,
  failedAppend: 0,
  delayMs: 0,
};

/** Two web servers on one database and one broker, a gateway's side of the wire, and a network that a seed decides on. */
export interface World {
  readonly clock: FakeClock;
  readonly broker: Broker;
  faults: Faults;
  /** Undefined: there is no such store. */
  row: StoredState<List> | undefined;
  /** Who may read, and act. */
  allow: (user: string, action: string | undefined) => boolean;
  readonly flows: Flow<typeof app>[];
  /** Answers a route in the backend's place, as a proxy does, or a backend that went astray. */
  stand: (route: string) => { readonly status: number; readonly body: unknown } | undefined;
  /** The logs that the latest token was asked for. */
  wanted: LogName[];
  /** How often it was asked, by route. */
  readonly asked: Record<string, number>;
  openClient(options?: Partial<ClientOptions>): Client<typeof app>;
  /** Who is signed in; nobody: undefined. */
  user: string | undefined;
  /** The bodies of requests for actions. */
  readonly said: { actions: { id: string; input: unknown }[] }[];
  /** Cuts every socket. */
  cut(): void;
  /** Ends the gateway's side of every socket, of which its page hears nothing. */
  abandon(): void;
  /** Says of a log that it has a gap, on every socket. */
  tellGap(): Promise<void>;
  /** Ends the log on every socket, as a gateway does when a right ended. */
  revoke(): void;
  /** Asks for a fresh token on every socket. */
  askForToken(): void;
  /** No socket opens. */
  isDown: boolean;
  /** Lets time pass in steps, and everything happen that is due. @default steps of 20 ms */
  pass(ms: number, stepMs?: number): Promise<void>;
  close(): Promise<void>;
}

const SECRET = 'a secret of the tests, thirty-two bytes or more';
const WEBS = 2;

export function createWorld(random: SeededRandom): World {
  const clock = createFakeClock();
  const broker = createMemoryBroker({
    epoch: 'e',
    wallClock: clock.now,
    after: () => () => {},
    messages: { maxEntries: 20 },
  });
  const sockets = new Set<WireSocket>();
  const clients: Client<typeof app>[] = [];
  const world: World = {
    clock,
    broker,
    faults: NO_FAULTS,
    row: { state: { texts: [] }, version: 0 },
    allow: () => true,
    flows: [],
    stand: () => undefined,
    wanted: [],
    asked: {},
    said: [],
    user: 'ada',
    isDown: false,
    openClient,
    cut() {
      for (const socket of [...sockets]) socket.end();
    },
    abandon() {
      for (const socket of [...sockets]) socket.close();
    },
    async tellGap() {
      const at = (await broker.tops([LOG])).get(LOG);
      if (at)
        for (const socket of sockets) socket.tell(encodeControlFrame({ type: 'gap', log: LOG, at, reason: 'reset' }));
    },
    revoke() {
      for (const socket of sockets)
        socket.tell(encodeControlFrame({ type: 'unsubscribed', log: LOG, reason: 'revoked' }));
    },
    askForToken() {
      for (const socket of sockets) socket.tell(encodeControlFrame({ type: 'token-expiring', inMs: 60_000 }));
    },
    async pass(ms, stepMs = 20) {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(left, stepMs));
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async close() {
      for (const client of clients) client.close();
      for (const flow of world.flows) await flow.close();
      await broker.close();
    },
  };
  for (let i = 0; i < WEBS; i++) startWeb(i);
  return world;

  function delay(): Promise<void> {
    const ms = random.between(0, world.faults.delayMs);
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => clock.after(ms, () => resolve()));
  }

  /** Starts a web server in the place of another, which has died. */
  function startWeb(index: number): void {
    let isDead = false;
    const never = new Promise<never>(() => {});
    const flow = createFlow(app, {
      secret: SECRET,
      clock,
      wallClock: clock.now,
      authenticate: (request) => ({ user: request.headers.get('x-user') ?? '' }),
      broker: {
        ...broker,
        async append(log, entry) {
          await delay();
          if (isDead) return never;
          if (random.chance(world.faults.failedAppend)) throw new BrokerError('unavailable', 'away');
          return broker.append(log, entry);
        },
      },
    });
    flow.store('list').serve({
      async load() {
        await delay();
        if (random.chance(world.faults.failedLoad)) throw new Error('away');
        return structuredClone(world.row);
      },
      async save(_, next, expectedVersion) {
        await delay();
        if (isDead || world.row?.version !== expectedVersion) return isDead ? never : false;
        world.row = structuredClone(next);
        if (random.chance(world.faults.crash)) {
          isDead = true;
          startWeb(index);
          return never;
        }
        await delay();
        return isDead ? never : true;
      },
      allow: ({ user }, _, action) => world.allow(user, action?.name),
    });
    world.flows[index] = flow;
  }

  async function ask(url: string, init: Parameters<Fetch>[1], user: string): Promise<Response> {
    await delay();
    const flow = world.flows[random.between(0, WEBS - 1)] as Flow<typeof app>;
    const headers = { ...init.headers, 'x-user': user };
    return flow.handler(new Request(url, { method: 'POST', headers, body: init.body }));
  }

  function openClient(options: Partial<ClientOptions> = {}): Client<typeof app> {
    const fetch: Fetch = async (url, init) => {
      const route = url.split('/').at(-1) ?? '';
      world.asked[route] = (world.asked[route] ?? 0) + 1;
      const { user } = world;
      if (!user) return { status: 401, json: async () => ({ error: { code: 'signed-out' } }) };
      if (route === 'token') {
        world.wanted = JSON.parse(init.body).logs;
        return { status: 200, json: () => createToken(user, world.wanted) };
      }
      if (route === 'actions') world.said.push(JSON.parse(init.body));
      const instead = world.stand(route);
      if (instead) return { status: instead.status, json: async () => structuredClone(instead.body) };
      const { lostRequest, lostAnswer, doubled } = world.faults;
      if (random.chance(lostRequest)) throw new TypeError('the network is lost');
      if (random.chance(doubled)) void ask(url, init, user);
      const answer = await ask(url, init, user);
      await delay();
      if (random.chance(lostAnswer)) throw new TypeError('the answer is lost');
      return answer;
    };
    const client = createClient<typeof app>({
      url: 'ws://app.test/websocket',
      flow: 'http://app.test/flow',
      fetch,
      clock,
      random: random.next,
      page: null,
      storage: null,
      WebSocket: class extends WireSocket {
        constructor() {
          super(broker, clock, world, sockets);
        }
      },
      use: [stores([list])],
      ...options,
    });
    clients.push(client);
    return client;
  }

  async function createToken(user: string, logs: LogName[]): Promise<unknown> {
    const tops = await broker.tops([`user/${user}` as LogName, 'everyone' as LogName, ...logs]);
    const refused = world.allow(user, undefined) ? [] : logs;
    const at = [...tops].filter(([log]) => !refused.includes(log));
    return { token: 'good', user, at: Object.fromEntries(at), refused };
  }
}

/** A socket, with a gateway's side that reads and tails a broker. */
class WireSocket implements Socket {
  onopen: unknown = null;
  onmessage: unknown = null;
  onclose: unknown = null;
  onerror: unknown = null;
  readonly #broker: Broker;
  readonly #world: World;
  readonly #all: Set<WireSocket>;
  readonly #stops: Stop[] = [];
  isOpen = true;

  constructor(broker: Broker, clock: FakeClock, world: World, all: Set<WireSocket>) {
    this.#broker = broker;
    this.#world = world;
    this.#all = all;
    all.add(this);
    clock.after(1, () => {
      if (world.isDown) this.end();
      else if (this.isOpen) (this.onopen as (() => void) | null)?.();
    });
  }

  send(text: string): void {
    const frame = readClientText(text);
    if (frame.type === 'heartbeat') this.tell('<3');
    if (frame.type !== 'auth') return;
    this.tell(encodeControlFrame({ type: 'auth-ok', user: this.#world.user ?? '', heartbeatMs: 86_400_000 }));
    for (const [log, after] of Object.entries(frame.logs)) void this.#follow(log as LogName, after);
  }

  async #follow(log: LogName, after: Parameters<Broker['read']>[1]): Promise<void> {
    const live: Entry[] = [];
    let isLive = false;
    const enter = ({ event, data, at }: Entry) => this.tell(encodeEntryFrame(log, event, data, at));
    this.#stops.push(await this.#broker.tail(log, (entry) => (isLive ? enter(entry) : live.push(entry))));
    const { entries, top, gap } = await this.#broker.read(log, after, 10_000);
    if (gap)
      this.tell(encodeControlFrame({ type: 'gap', log, at: entries[0] ? beforeOf(entries[0]) : top, reason: gap }));
    for (const entry of [...entries, ...live]) enter(entry); // what comes twice is dropped by its place
    isLive = true;
    this.tell(encodeControlFrame({ type: 'live', log, at: top }));
  }

  tell(data: string): void {
    if (this.isOpen) (this.onmessage as ((event: { data: string }) => void) | null)?.({ data });
  }

  close(): void {
    this.isOpen = false;
    this.#all.delete(this);
    for (const stop of this.#stops.splice(0)) stop();
  }

  end(): void {
    this.close();
    (this.onclose as ((event: { code: number }) => void) | null)?.({ code: 1006 });
  }
}

function beforeOf({ previous }: Entry): Position {
  return `e:${previous?.offset ?? 0}:${previous?.tag ?? ''}` as Position;
}
