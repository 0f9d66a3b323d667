import { type Client, createClient } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';
import { WebSocket } from 'ws';
import type { Fact } from '../simulation/history.ts';
import { followAll, type Noted, noteBeginnings } from '../support/noted-client.ts';
import { type app, logsOf, USER_HEADER } from './fault-app.ts';
import { type Ledger, readSharedMs } from './ledger.ts';

/** One screen of many, with a client as a page has it. */
export interface Screen {
  /** It is at a gateway; a page shows "live" for some seconds after a loss too. */
  readonly isLive: boolean;
  /** True when it stands where each log that it follows ends. */
  isAt(tops: ReadonlyMap<LogName, Position>): boolean;
  /** From now on it reads nothing of what comes, or goes on to read. */
  stall(isStalled: boolean): void;
}

/** How a screen is made. */
export interface ScreenOptions {
  readonly id: string;
  readonly user: string;
  /** The web servers' ports. */
  readonly webs: readonly number[];
  readonly pickGateway: () => number;
  readonly ledger: Ledger;
  /** A fault of ours, by which the harness is proven to see: one entry of this number is dropped. */
  readonly sabotage: { readonly dropAt: number } | undefined;
}

/** Opens a screen that connects by itself from now on. */
export function createScreen({ id, user, webs, pickGateway, ledger, sabotage }: ScreenOptions): Screen {
  const logs = logsOf(user);
  const places = new Map<LogName, Position>();
  const noted: Noted = { id, logs, places, now: readSharedMs, note };
  let socket: WebSocket | undefined;
  let isStalled = false;
  let seen = 0;
  let web = 0;

  function note(fact: Fact): void {
    if (fact.type === 'delivered' && ++seen === sabotage?.dropAt) return;
    ledger.write(fact);
  }

  /** Asks one web server after the other, as a balancer does. */
  async function ask(path: string, init: RequestInit): Promise<Response> {
    for (let tries = 1; ; tries++) {
      try {
        return await fetch(`http://127.0.0.1:${webs[web++ % webs.length]}${path}`, init);
      } catch (error) {
        if (tries >= webs.length) throw error;
      }
    }
  }

  /** A socket to whichever gateway is next; the address says no more than that there is one. */
  class BalancedSocket extends WebSocket {
    readonly #gateway: number;
    #hasEnded = false;

    constructor(address: string) {
      const gateway = pickGateway();
      super(address.replace('balancer.invalid', `127.0.0.1:${gateway}`));
      this.#gateway = gateway;
      this.once('open', () => {
        socket = this;
        ledger.write({ type: 'opened', ms: readSharedMs(), follower: id, gateway });
        if (isStalled) this.pause();
      });
      this.once('close', (code) => this.#end(code));
    }

    /** A screen has left when it says so: it hears nothing of what still comes. */
    override close(code?: number): void {
      this.#end(code);
      super.close(code);
    }

    #end(code: number | undefined): void {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      const how = code === undefined ? {} : { code };
      ledger.write({ type: 'ended', ms: readSharedMs(), follower: id, gateway: this.#gateway, ...how });
    }
  }

  const client: Client<typeof app> = createClient<typeof app>({
    url: 'ws://balancer.invalid/websocket',
    flow: '/flow',
    headers: () => ({ [USER_HEADER]: user }),
    WebSocket: BalancedSocket,
    fetch: noteBeginnings(noted, ask),
  });
  followAll(client, noted);
  return {
    get isLive() {
      const { state, authenticated } = client.connection.get();
      return state === 'live' && authenticated;
    },
    isAt: (tops) => logs.every((log) => places.get(log) === tops.get(log)),
    stall(isOn) {
      isStalled = isOn;
      if (socket?.readyState !== WebSocket.OPEN) return;
      if (isOn) socket.pause();
      else socket.resume();
    },
  };
}
