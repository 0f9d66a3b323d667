import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from 'message-flow/client';
import { type ClientStore, stores } from 'message-flow/client/stores';
import { channel, contract, store, type } from 'message-flow/contract';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { findFreePort } from '../support/free-ports.ts';
import type { Python } from '../support/python.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const ROOT = join(import.meta.dirname, '../..');
const HEARTBEAT = '<3';
/** The example's folder. */
export const FLASK = join(ROOT, 'examples/flask');
const NGINX = join(ROOT, 'deploy/start-nginx');
const PROGRAM = join(ROOT, 'dist/cli/main.js');

/** The notes that the example keeps. */
const notes = store('notes', type<{ notes: Record<string, string> }>()).actions((on) => ({
  add: on(type<{ id: string; text: string }>(), (draft, { id, text }) => {
    draft.notes[id] = text;
  }),
  remove: on(type<{ id: string }>(), (draft, { id }) => {
    delete draft.notes[id];
  }),
}));
/** What the example sends. */
const app = contract({
  events: { 'TASK DONE': type<string>() },
  channels: [channel('lobby', { said: type<string>() })],
  stores: [notes],
});

/** The app under waitress, two gateways, the message proxy, and nginx in front, laid out as the files in deploy/ have it. */
export interface FlaskSystem {
  readonly url: string;
  /** What the app gets from its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the gateways ask of publishers. */
  readonly publishKey: string;
  readonly web: ServerProcess;
  /** Ends a gateway as a fallen machine would. */
  killGateway(number: 1 | 2): Promise<void>;
  startGateway(number: 1 | 2): Promise<void>;
  /** Signs in and resolves with the session's cookie. */
  signIn(name: string): Promise<string>;
  /** Asks for work to be done, as the page does. */
  send(cookie: string, message: string): Promise<Response>;
  /** Asks for a token, as a page of the app's own does unless `headers` say otherwise. */
  askToken(cookie: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Publishes at a gateway, as another program would. */
  publish(message: unknown): Promise<void>;
}

/** What our client in a page tells its app. */
export interface PageClient {
  readonly client: Client<typeof app>;
  /** Results, in the order in which they came. */
  readonly texts: string[];
  readonly gaps: string[];
  readonly notes: ClientStore<typeof notes>;
  isLive(): boolean;
}

/** Starts all of it; it ends with the test. With `isOld` the app sends by the bus of 2016, and gateways serve pages of then. */
export async function startFlaskSystem(python: Python, { isOld = false } = {}): Promise<FlaskSystem> {
  if (!existsSync(PROGRAM)) throw new Error(`Cannot start a gateway: nothing at "${PROGRAM}"; run "npm run build"`);
  const cwd = await mkdtemp(join(tmpdir(), 'flask-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const port = await findFreePort();
  const path = { PATH: `${process.env.PATH}:/usr/sbin` };
  execFileSync(process.execPath, [join(ROOT, 'deploy/prepare.js')], { cwd, env: { ...path, PORT: String(port) } });
  const broker = { FLOW_BROKER: `zeromq+ipc://${cwd}/run`, FLOW_SECRET_FILE: join(cwd, 'run/secret') };
  const keyFile = { FLOW_PUBLISH_KEY_FILE: join(cwd, 'run/publish-key') };
  const gateways = ['unix:', 'unix:'].map((scheme, i) => `${scheme}${cwd}/run/gateway-${i + 1}.sock`);
  const appEnv = {
    ...broker,
    ...keyFile,
    FLOW_GATEWAY: gateways.join(' '),
    PYTHONDONTWRITEBYTECODE: '1',
    FLOW_DATABASE: join(cwd, 'run/notes.db'),
  };

  const inlet = `ipc://${cwd}/run/inlet`;
  const dialect = isOld ? ['--dialect', '2016'] : [];
  const startProgram = (...args: string[]) =>
    startServer({
      command: process.execPath,
      args: [PROGRAM, ...args],
      cwd,
      env: { ...broker, ...keyFile },
      ready: /"msg":"(listening)"/,
    });
  const startGateway = (number: number) =>
    startProgram('gateway', '--socket', `run/gateway-${number}.sock`, '--drain-window', '100ms', ...dialect);
  const url = `http://127.0.0.1:${port}`;
  const [, first, second, web] = await Promise.all([
    startProgram('proxy', ...(isOld ? ['--xsub', inlet, ...dialect] : [])),
    startGateway(1),
    startGateway(2),
    startServer({
      command: join(python.bin, 'waitress-serve'),
      args: ['--unix-socket', join(cwd, 'run/web-1.sock'), '--threads', '8', 'flask_app:app'],
      cwd: FLASK,
      env: isOld ? { ...appEnv, FLOW_INLET: inlet } : appEnv,
      ready: /Serving on (\S+)/,
    }),
    // To a file: Node's pipes are sockets, which nobody can open by the name of /dev/stdout.
    startServer({ command: 'sh', args: ['-c', `exec ${NGINX} > log/access`], cwd, env: path, ready: new URL(url) }),
  ]);
  const running = { 1: first, 2: second };
  return {
    url,
    env: appEnv,
    publishKey: readFileSync(keyFile.FLOW_PUBLISH_KEY_FILE, 'utf8').trim(),
    web,
    killGateway: (number) => running[number].kill(),
    async startGateway(number) {
      running[number] = await startGateway(number);
    },
    async signIn(name) {
      const body = new URLSearchParams({ name });
      const response = await fetch(`${url}/sign-in`, { method: 'POST', body, redirect: 'manual' });
      if (response.status !== 303) throw new Error(`Cannot sign in: ${response.status}`);
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
      const key = readFileSync(keyFile.FLOW_PUBLISH_KEY_FILE, 'utf8').trim();
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/gateway/publish`, { method: 'POST', headers, body: JSON.stringify(message) });
      if (!answer.ok) throw new Error(`Cannot publish: ${answer.status} ${await answer.text()}`);
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
    use: [stores([notes])],
  });
  const texts: string[] = [];
  const gaps: string[] = [];
  client.on('TASK DONE', (text) => texts.push(text));
  client.onGap(({ log, reason }) => gaps.push(`${log}: ${reason}`));
  onTestFinished(() => client.close());
  return {
    client,
    texts,
    gaps,
    notes: client.store('notes', {}),
    isLive: () => client.connection.get().state === 'live',
  };
}

/** Opens a bare WebSocket, and keeps the frames that come, heartbeats aside; it closes with the test. */
export function openSocket({ url }: FlaskSystem): { readonly socket: WebSocket; readonly frames: string[] } {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/websocket`);
  const frames: string[] = [];
  socket.on('message', (data) => String(data) === HEARTBEAT || frames.push(String(data)));
  onTestFinished(() => socket.terminate());
  return { socket, frames };
}
