import { setImmediate } from 'node:timers';
import { createFlow, type Flow, type FlowEvent } from '../backend/index.ts';
import { createMemoryBroker } from '../broker/index.ts';
import type { Fetch } from '../client/index.ts';
import { stores } from '../client/stores/index.ts';
import type { Contract } from '../contract/index.ts';
import { createGateway, type GatewayEvent } from '../gateway/index.ts';
import { createFakeClock } from './fake-clock.ts';
import { textFrames } from './line.ts';
import { openPage, type PageScript, type RingPage } from './page.ts';
import { createWork } from './work.ts';

/**
 * The whole of Message Flow in memory, for an app's tests: its backend, the memory broker, a gateway, and pages. No ports, no
 * sockets, no waiting: time is the ring's own, and pages hear of nothing but while one of its promises is waited for. The same
 * calls give the same order of events.
 */
export interface Ring<A extends Contract> {
  /** The backend: `send`, `allow`, `revoke` and all else are the real ones. Each page is authenticated as its user. */
  readonly flow: Flow<A>;
  /** Opens a page of a user. `script` runs when it loads: now, after each `reload`, and in a `duplicate`. @default none */
  page(user: string, script?: PageScript<A>): RingPage<A>;
  /** Lets what is under way arrive, at the present time. */
  settle(): Promise<void>;
  /** Lets time pass: in milliseconds. What falls due is done at its time, and settles before the next. */
  advance(ms: number): Promise<void>;
  /** Replaces the gateway by a new one, which knows nothing: all connections end. */
  restartGateway(): Promise<void>;
  /** Forgets all entries that logs hold, as if all were too old: who comes back to them is told a gap. Restarts the gateway. */
  trim(): Promise<void>;
  /**
   * Closes all pages and ends everything.
   * @throws what nobody waited for until now, such as a handler's error
   */
  close(): Promise<void>;
}

/** How a ring is made. */
export interface RingOptions {
  /**
   * Hears what gateways do and what goes wrong, such as a rule of `allow` that throws.
   * @default what goes wrong fails whoever waits, but for sends and actions, whose callers are told
   */
  readonly onEvent?: (event: FlowEvent | GatewayEvent) => void;
}

/** Where wall-clock time begins, in milliseconds since 1970. */
const BEGINNING_MS = 1_800_000_000_000;
const SECRET = 'Signs tokens in memory, where nobody else reads them';
const RETENTION_MS = 3_600_000;

/** Creates the ring of a contract, with its gateway and no page. */
export function createRing<A extends Contract>(app: A, given: RingOptions = {}): Ring<A> {
  const clock = createFakeClock();
  const work = createWork(clock);
  const onEvent = given.onEvent ?? fail;
  const wallClock = () => BEGINNING_MS + clock.now();
  let forgottenMs = 0;
  const broker = createMemoryBroker({
    epoch: 'ring',
    messages: { maxAgeMs: RETENTION_MS },
    runs: { maxAgeMs: RETENTION_MS },
    wallClock: () => wallClock() + forgottenMs,
    after: clock.after,
  });
  const flow = createFlow(app, {
    broker,
    clock,
    wallClock,
    onEvent,
    secret: SECRET,
    authenticate: (_, native) => native as { user: string },
  });
  let gateway = openGateway();
  const pages = new Set<RingPage<A>>();
  const use = [stores(app.stores)];

  function openGateway() {
    return createGateway(
      { broker, clock, wallClock, onEvent, secret: SECRET, name: 'ring' },
      { clock, frames: textFrames, defer: setImmediate, dialCanary: undefined, isLocal: () => true },
    );
  }

  function fail(event: FlowEvent | GatewayEvent): void {
    if (!('error' in event) || event.type === 'send-failed' || event.type === 'action-failed') return;
    work.add(() => {
      throw event.error;
    });
  }

  const fetchAs =
    (user: string): Fetch =>
    (url, init) =>
      flow.handler(new Request(url, init), { user });

  async function restartGateway(): Promise<void> {
    await gateway.close();
    gateway = openGateway();
    await work.settle();
  }

  return {
    flow,
    page: (user, script = () => {}) =>
      openPage<A>({ clock, work, fetchAs, use, findGateway: () => gateway }, user, script, new Map(), (page) =>
        pages.add(page),
      ),
    settle: work.settle,
    advance: work.advance,
    restartGateway,
    trim() {
      forgottenMs += RETENTION_MS;
      return restartGateway();
    },
    async close() {
      // All ends, whatever is thrown on the way; the first of it is told.
      const ends = await Promise.allSettled([...pages].map((page) => page.close()));
      ends.push(...(await Promise.allSettled([flow.close(), gateway.close()])));
      await broker.close();
      work.clear();
      const failed = ends.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}
