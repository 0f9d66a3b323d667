import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from 'message-flow/client';
import { channel, contract, type } from 'message-flow/contract';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { openFrontProxy } from '../support/front-proxy.ts';
import type { Python } from '../support/python.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The example's folder. */
export const FLASK = join(ROOT, 'examples/flask');
const PROGRAM = join(ROOT, 'dist/cli/main.js');

const SECRET = 'a secret of the tests, thirty-two bytes or more';
/** What the gateway asks of publishers. */
export const PUBLISH_KEY = 'publish-key-of-the-tests';

/** What the example sends. */
const app = contract({
  events: { 'TASK DONE': type<string>() },
  channels: [channel('lobby', { said: type<string>() })],
});

/** The app under waitress and a gateway, each on a Unix socket, behind one port. */
export interface FlaskSystem {
  readonly url: string;
  /** What the app gets from its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly web: ServerProcess;
  readonly gateway: ServerProcess;
  /** Starts the gateway again, after it was stopped. */
  startGateway(): Promise<void>;
  /** Signs in and resolves with the session's cookie. */
  signIn(name: string): Promise<string>;
  /** Asks for work to be done, as the page does. */
  send(cookie: string, message: string): Promise<Response>;
  /** Asks for a token, as a page of the app's own does unless `headers` say otherwise. */
  askToken(cookie: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Publishes at the gateway, as another program would. */
  publish(message: unknown): Promise<void>;
}

/** What our client in a page tells its app. */
export interface PageClient {
  readonly client: Client<typeof app>;
  /** Results, in the order in which they came. */
  readonly texts: string[];
  readonly gaps: string[];
  isLive(): boolean;
}

/** Starts all of it; it ends with the test. */
export async function startFlaskSystem(python: Python, env: Record<string, string> = {}): Promise<FlaskSystem> {
  if (!existsSync(PROGRAM)) throw new Error(`Cannot start a gateway: nothing at "${PROGRAM}"; run "npm run build"`);
  const folder = await mkdtemp(join(tmpdir(), 'flask-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [gatewaySocket, webSocket] = [join(folder, 'gateway.sock'), join(folder, 'web.sock')];
  const shared = { FLOW_SECRET_FILE: join(folder, 'secret'), FLOW_PUBLISH_KEY_FILE: join(folder, 'publish-key') };
  writeFileSync(shared.FLOW_SECRET_FILE, `${SECRET}\n`);
  writeFileSync(shared.FLOW_PUBLISH_KEY_FILE, `${PUBLISH_KEY}\n`);
  const appEnv = { PYTHONDONTWRITEBYTECODE: '1', FLOW_GATEWAY: `unix:${gatewaySocket}`, ...shared, ...env };

  const startGateway = () =>
    startServer({
      command: process.execPath,
      args: [PROGRAM, 'gateway', '--single', '--socket', gatewaySocket, '--drain-window', '100ms'],
      cwd: folder,
      env: shared,
      ready: /"msg":"(listening)"/,
    });
  let gateway = await startGateway();
  const web = await startServer({
    command: join(python.bin, 'waitress-serve'),
    args: ['--unix-socket', webSocket, '--threads', '8', 'flask_app:app'],
    cwd: FLASK,
    env: appEnv,
    ready: /Serving on (\S+)/,
  });
  const url = await openFrontProxy({ gateway: gatewaySocket, web: webSocket });
  return {
    url,
    env: appEnv,
    web,
    get gateway() {
      return gateway;
    },
    async startGateway() {
      gateway = await startGateway();
    },
    async signIn(name) {
      const body = new URLSearchParams({ name });
      const response = await fetch(`${url}/sign-in`, { method: 'POST', body, redirect: 'manual' });
      return response.headers.get('set-cookie')?.split(';')[0] ?? '';
    },
    send: (cookie, message) =>
      fetch(`${url}/send`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ message }),
      }),
    askToken: (cookie, body = {}, headers = {}) =>
      fetch(`${url}/flow/token`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async publish(message) {
      const headers = { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json' };
      const asking = request({ socketPath: gatewaySocket, method: 'POST', path: '/publish', headers });
      asking.end(JSON.stringify(message));
      const [answer] = await once(asking, 'response');
      answer.resume();
      if (answer.statusCode !== 200) throw new Error(`Cannot publish: ${answer.statusCode}`);
    },
  };
}

/** Opens our client, as the page of whoever has this cookie would; it leaves with the test. */
export function openPageClient({ url }: FlaskSystem, cookie: string): PageClient {
  const client = createClient<typeof app>({
    url: `${url.replace('http', 'ws')}/websocket`,
    flow: `${url}/flow`,
    headers: () => ({ cookie }),
    WebSocket,
  });
  const texts: string[] = [];
  const gaps: string[] = [];
  client.on('TASK DONE', (text) => texts.push(text));
  client.onGap(({ log, reason }) => gaps.push(`${log}: ${reason}`));
  onTestFinished(() => client.close());
  return { client, texts, gaps, isLive: () => client.connection.get().state === 'live' };
}

/** Opens a bare WebSocket, and keeps the frames that come; it closes with the test. */
export function openSocket({ url }: FlaskSystem): { readonly socket: WebSocket; readonly frames: string[] } {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/websocket`);
  const frames: string[] = [];
  socket.on('message', (data) => frames.push(String(data)));
  onTestFinished(() => socket.terminate());
  return { socket, frames };
}
