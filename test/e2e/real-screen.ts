import { type Client, type ClientOptions, createClient, type Fetch, type PositionStorage } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Fact } from '../simulation/history.ts';
import { type CutProxy, openCutProxy } from '../support/cut-proxy.ts';
import { LOGS, type RealApp } from './real-ring.ts';

/** A screen at a network of its own, which writes what it gets into the history. */
export interface RealScreen {
  readonly client: Client<RealApp>;
  /** Between this screen and its gateway. */
  readonly line: CutProxy;
  /** Where it stands in each log. */
  readonly places: ReadonlyMap<LogName, Position>;
  /** The page is left and loaded again, with the positions that it saved on leaving. */
  reload(): void;
}

/** Waits before reconnecting are drawn as ever, and a tenth as long: a run has some seconds. */
const HASTE = 0.1;

/** Opens a screen at the gateway at `port`; it closes with the test. */
export async function openRealScreen(
  id: string,
  { flow, port, random, note }: { flow: string; port: number; random: () => number; note: (fact: Fact) => void },
): Promise<RealScreen> {
  const line = await openCutProxy(port);
  const places = new Map<LogName, Position>();
  const storage = createStorage();
  const ms = () => performance.now();

  /** Notes where each log begins: that is in the first token that this screen is given, and never again. */
  const fetchToken: Fetch = async (url, init) => {
    const answer = await fetch(url, init);
    const { at } = (await answer.clone().json()) as { at: Record<LogName, Position> };
    for (const log of LOGS) {
      const from = at?.[log];
      if (places.has(log) || from === undefined) continue;
      places.set(log, from);
      note({ type: 'followed', ms: ms(), follower: id, log, from });
    }
    return answer;
  };

  function load(): Client<RealApp> {
    const options: ClientOptions = { url: `${line.url}/websocket`, flow, storage, fetch: fetchToken, WebSocket };
    const client = createClient<RealApp>({ ...options, random: () => random() * HASTE });
    const take = ({ key }: { key: string }, { log, at }: { log: LogName; at: Position }) => {
      places.set(log, at);
      note({ type: 'delivered', ms: ms(), follower: id, log, key, at });
    };
    client.on('said', take);
    for (const roomId of ['1', '2']) client.channel('room/:roomId', { roomId }).on('said', take);
    client.onGap(({ log, at, reason }) => {
      places.set(log, at);
      note({ type: 'gap', ms: ms(), follower: id, log, at, reason });
    });
    return client;
  }

  let client = load();
  onTestFinished(() => client.close());
  return {
    get client() {
      return client;
    },
    line,
    places,
    reload() {
      client.close();
      client = load();
    },
  };
}

function createStorage(): PositionStorage {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}
