import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { SignJWT } from 'jose';
import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { type Gateway, type GatewayEvent, serveGateway } from 'message-flow/gateway';
import type { EncodedJson, LogName, Position } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import type { ServeOptions } from '../../src/gateway/host/node.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type Handshake, openRaw, type RawSocket } from './raw-socket.ts';

export const SECRET = 'a secret of the tests, thirty-two bytes or more';
export const OTHER_SECRET = 'another secret of the tests, as long as the first';
export const PUBLISH_KEY = 'a publish key of the tests';

/** A gateway on a real server, with all it reported. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly broker: Broker;
  readonly server: Server;
  readonly port: number;
  readonly events: GatewayEvent[];
  /** The server's side of each connection, in the order of arrival. */
  readonly transports: NetSocket[];
  open(handshake?: Handshake): Promise<RawSocket>;
  /** Opens, authenticates as a user, and waits for AUTH OK. */
  connect(user: string, logs?: Record<string, string>, claims?: Claims): Promise<RawSocket>;
  post(route: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(route: string): Promise<Response>;
}

export interface StartOptions extends Partial<ServeOptions> {
  /** Listens on this Unix socket, whose kernel buffers are small, instead of a port. */
  readonly listenPath?: string;
}

/**
 * Starts a gateway on a server of its own; both end with the test. Its time stands still unless a clock is given: else a busy
 * machine would have it send heartbeats, give up checks and cut who is slow where a test asks for nothing of that.
 */
export async function startGateway({ listenPath, ...options }: StartOptions = {}): Promise<TestGateway> {
  const broker = options.broker ?? createMemoryBroker();
  const server = createServer((_, response) => response.writeHead(404).end('the app'));
  const events: GatewayEvent[] = [];
  const transports: NetSocket[] = [];
  server.on('connection', (transport) => transports.push(transport));
  const gateway = serveGateway(server, {
    secret: SECRET,
    publishKey: PUBLISH_KEY,
    onEvent: (event) => events.push(event),
    clock: createFakeClock(),
    ...options,
    broker,
  });
  await new Promise<void>((resolve) => {
    if (listenPath) server.listen(listenPath, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    await gateway.close();
    for (const transport of transports) transport.destroy();
    await new Promise((resolve) => server.close(resolve)); // an error, ignored, when the test closed it
    await broker.close();
  });
  const port = listenPath ? 0 : (server.address() as AddressInfo).port;
  const open = (handshake?: Handshake) => openRaw(listenPath ?? port, handshake);
  const ask = (route: string, init?: RequestInit) =>
    gateway.handler(new Request(`http://localhost/gateway/${route}`, init));
  return {
    gateway,
    broker,
    server,
    port,
    events,
    transports,
    open,
    async connect(user, logs = {}, claims = {}) {
      const socket = await open();
      authenticate(socket, await signToken({ sub: user, ...claims }), logs);
      await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
      return socket;
    },
    post: (route, body, headers = {}) =>
      ask(route, {
        method: 'POST',
        headers: { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (route) => ask(route),
  };
}

export type Claims = Record<string, unknown>;

let tokens = 0;

/** Signs a token as the backend does, with other claims where given; undefined leaves one out. */
export async function signToken(
  claims: Claims = {},
  secret: string = SECRET,
  nowMs: number = Date.now(),
): Promise<string> {
  const nowS = nowMs / 1_000;
  const all = {
    aud: 'message-flow',
    sub: 'ada',
    jti: `token ${++tokens}`,
    iat: nowS,
    exp: nowS + 600,
    logs: [],
    ...claims,
  };
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
}

/** Sends AUTH. */
export function authenticate(socket: RawSocket, token: string, logs: Record<string, string> = {}): void {
  socket.send(JSON.stringify({ id: 'AUTH', data: { token, logs } }));
}

/** Sends a frame of the protocol. */
export function say(socket: RawSocket, id: string, data: unknown): void {
  socket.send(JSON.stringify({ id, data }));
}

/** Appends entries `n: 1`, `n: 2` … and gives their positions. */
export async function append(broker: Broker, log: string, count: number, first = 1): Promise<Position[]> {
  const positions: Position[] = [];
  for (let n = first; n < first + count; n++) positions.push(await appendOne(broker, log, `{"n":${n}}`, `key ${n}`));
  return positions;
}

export async function appendOne(broker: Broker, log: string, data: string, key: string = data): Promise<Position> {
  return (await broker.append(log as LogName, { key, event: 'said', data: data as EncodedJson })) as Position;
}

/** The end of a log. */
export async function topOf(broker: Broker, log: string): Promise<Position> {
  return (await broker.tops([log as LogName])).get(log as LogName) as Position;
}

/** What a socket was told of one log, in order, in short: `entry 1`, `GAP trimmed <at>`, `LIVE <at>`. */
export function storyOf(socket: RawSocket, log: string): string[] {
  return socket.texts.flatMap((text) => {
    const frame = text.startsWith('{') ? JSON.parse(text) : {};
    if (frame.log === log) return [`entry ${frame.data.n} ${frame.at}`];
    if (frame.data?.log !== log) return [];
    return [[frame.id, frame.data.reason, frame.data.at].filter((part) => part !== undefined).join(' ')];
  });
}
