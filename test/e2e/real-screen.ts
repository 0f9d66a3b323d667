import { type Client, type ClientOptions, createClient, type PositionStorage } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { app } from '../faults/fault-app.ts';
import type { Fact } from '../simulation/history.ts';
import { type CutProxy, openCutProxy } from '../support/cut-proxy.ts';
import { followAll, type Noted, noteBeginnings } from '../support/noted-client.ts';
import { LOGS } from './real-ring.ts';

/** A screen at a network of its own, which writes what it gets into the history. */
export interface RealScreen {
  readonly client: Client<typeof app>;
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
  const noted: Noted = { id, logs: LOGS, places, now: () => performance.now(), note };

  function load(): Client<typeof app> {
    const options: ClientOptions = { url: `${line.url}/websocket`, flow, storage, WebSocket };
    const client = createClient<typeof app>({
      ...options,
      fetch: noteBeginnings(noted, (url, init) => fetch(url, init)),
      random: () => random() * HASTE,
    });
    followAll(client, noted);
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
