import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from 'message-flow/client';
import { type ClientStore, type Dispatched, stores } from 'message-flow/client/stores';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { app } from '../client/stores/app.ts';
import { type Board, board } from '../client/stores/board.ts';
import { buildProxyProgram, createProxyUrl, startProxy } from '../proxy/proxy-process.ts';
import { createSeededRandom } from '../simulation/random.ts';
import { buildDocumentCode, pathOf } from '../stores/document-code.ts';
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';
import { openRealGateway, type RealGateway } from './real-ring.ts';

const LIMIT_MS = 240_000;
const STEP_LIMIT_MS = 60_000;
const SCREENS = 20;
/** In each round every screen does one action, and something falls. */
const ROUNDS = 12;
const FILES = ['in-sqlite.ts', 'in-postgres.ts'] as const;

interface Screen {
  readonly client: Client<typeof app>;
  readonly store: ClientStore<typeof board>;
  readonly done: Map<string, Dispatched | undefined>;
}

const folder = mkdtempSync(join(tmpdir(), 'message-flow-stores-'));
let postgres: PostgresServer | undefined;

buildProxyProgram();
buildDocumentCode(FILES, [join(import.meta.dirname, 'stores-web.ts')]);
beforeAll(async () => {
  postgres = await startPostgresServer();
}, LIMIT_MS);
afterAll(async () => {
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

test.each(FILES)(
  'twenty screens of two web servers that keep boards %s end equal while servers, gateways and the database are killed',
  async (file) => {
    const random = createSeededRandom(1);
    const proxyUrl = createProxyUrl();
    await startProxy(proxyUrl);
    const place = file === 'in-postgres.ts' ? (postgres?.host ?? '') : join(folder, 'boards.db');
    const startWeb = () =>
      startServer({
        command: process.execPath,
        args: [pathOf('stores-web.ts'), proxyUrl, pathOf(file), place],
        ready: /^port (\d+)/m,
      });
    const webs = await Promise.all([startWeb(), startWeb()]);
    const gateways = [await openRealGateway(proxyUrl), await openRealGateway(proxyUrl)];
    const screens = Array.from({ length: SCREENS }, (_, i) => openScreen(`user-${i}`, webs, gateways, random.next));
    await until(() => screens.every(({ store }) => store.get().state), 'all screens to have the board', STEP_LIMIT_MS);

    async function replaceWeb(index: number): Promise<void> {
      await webs[index]?.kill();
      // As a supervisor does: the database may be down for it, too.
      webs[index] = await until(() => startWeb().catch(() => undefined), 'a web server', STEP_LIMIT_MS);
    }
    async function replaceGateway(index: number): Promise<void> {
      const old = gateways[index];
      gateways[index] = await openRealGateway(proxyUrl);
      await old?.close();
    }
    const faults: readonly (() => Promise<unknown>)[] = [
      () => replaceWeb(0),
      () => replaceGateway(0),
      () => replaceWeb(1),
      () => (file === 'in-postgres.ts' ? (postgres as PostgresServer).restart() : replaceWeb(0)),
    ];
    const falling: Promise<unknown>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, screen] of screens.entries()) act(screen, `${i}-${round}`);
      const shown = screens[round] as Screen;
      if (round % 3 === 0) falling.push((faults[(round / 3) % faults.length] as () => Promise<unknown>)());
      else await until(() => [...shown.done.values()].some(Boolean), 'an answer', STEP_LIMIT_MS);
    }
    await Promise.all(falling);
    const isAnswered = ({ done }: Screen) => [...done.values()].every(Boolean);
    await until(() => screens.every(isAnswered), 'every action to be answered', STEP_LIMIT_MS);
    act(screens[0] as Screen, 'last'); // the next change, after which all are equal

    const row = await until(() => findEnd(webs, screens), 'all screens to be equal', STEP_LIMIT_MS);
    const { order, cards } = row.state;
    expect(new Set(order).size).toBe(order.length);
    expect(Object.keys(cards).sort()).toEqual([...order].sort());
    const outcomes = screens.flatMap(({ done }) => [...done]);
    const codes = outcomes.flatMap(([, outcome]) => outcome?.refused?.code ?? []);
    expect(codes.filter((code) => code !== 'forgotten')).toEqual([]);
    expect(outcomes.filter(([id, outcome]) => !outcome?.refused && !order.includes(id))).toEqual([]);
    expect(outcomes.length).toBe(SCREENS * ROUNDS + 1);
  },
  LIMIT_MS,
);

/** A screen whose requests go to either web server, and whose sockets to either gateway, as a proxy in front would have it. */
function openScreen(
  user: string,
  webs: readonly ServerProcess[],
  gateways: readonly RealGateway[],
  random: () => number,
): Screen {
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T;
  const client = createClient<typeof app>({
    url: 'ws://app.test/websocket',
    flow: '/flow',
    headers: () => ({ 'x-user': user }),
    // Waits are drawn shorter than a page's, as the test need not take minutes.
    random: () => random() * 0.2,
    fetch: (path, init) => fetch(`http://127.0.0.1:${pick(webs).address}${path}`, init),
    WebSocket: class extends WebSocket {
      constructor() {
        super(`ws://127.0.0.1:${pick(gateways).port}/websocket`);
      }
    },
    use: [stores([board])],
  });
  onTestFinished(() => client.close());
  const store = client.store('board/:boardId', { boardId: 'b1' });
  store.subscribe(() => {});
  return { client, store, done: new Map() };
}

function act({ store, done }: Screen, id: string): void {
  done.set(id, undefined);
  void store.dispatch('add', { id, title: id }).then((outcome) => done.set(id, outcome));
}

/** What is kept, once every screen shows just that. */
async function findEnd(
  webs: readonly ServerProcess[],
  screens: readonly Screen[],
): Promise<{ version: number; state: Board } | undefined> {
  const response = await fetch(`http://127.0.0.1:${webs[0]?.address}/flow/snapshot`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': 'judge' },
    body: JSON.stringify({ log: 'store/board/b1' }),
  });
  if (!response.ok) return undefined;
  const row = (await response.json()) as { version: number; state: Board };
  const text = JSON.stringify(row.state);
  const isEqual = ({ store, done }: Screen) => {
    const { state, sync } = store.get();
    return [...done.values()].every(Boolean) && sync.version === row.version && JSON.stringify(state) === text;
  };
  return screens.every(isEqual) ? row : undefined;
}
