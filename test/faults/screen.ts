import { type Client, createClient, type Fetch } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';
import { WebSocket } from 'ws';
import { type app, logsOf, ROOMS, USER_HEADER } from './fault-app.ts';
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
  let socket: WebSocket | undefined;
  let isStalled = false;
  let seen = 0;
  let web = 0;

  /** Asks one web server after the other, as a balancer does, and notes where each log begins. */
  const ask: Fetch = async (path, init) => {
    const answer = await askAny(path, init);
    if (answer.status !== 200) return answer;
    const body = (await answer.json()) as { at?: Partial<Record<LogName, Position>> };
    for (const log of logs) {
      const from = body.at?.[log];
      if (places.has(log) || from === undefined) continue;
      places.set(log, from);
      ledger.write({ type: 'followed', ms: readSharedMs(), follower: id, log, from });
    }
    return { status: 200, json: async () => body };
  };

  async function askAny(path: string, init: RequestInit): Promise<Response> {
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
    fetch: ask,
  });
  const take = ({ key }: { key: string }, { log, at }: { log: LogName; at: Position }) => {
    places.set(log, at);
    if (sabotage && ++seen === sabotage.dropAt) return;
    ledger.write({ type: 'delivered', ms: readSharedMs(), follower: id, log, key, at });
  };
  client.on('said', take);
  for (const roomId of ROOMS) client.channel('room/:roomId', { roomId }).on('said', take);
  client.onGap(({ log, at, reason }) => {
    if (!logs.includes(log)) return;
    places.set(log, at);
    ledger.write({ type: 'gap', ms: readSharedMs(), follower: id, log, at, reason });
  });
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
