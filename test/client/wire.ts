import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClientOptions } from 'message-flow/client';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { until } from '../support/until.ts';

/** One socket as the gateway's side has it. */
interface WireSocket {
  /** What came, parsed; a heartbeat is `<3`. */
  readonly heard: unknown[];
  readonly isClosed: boolean;
  say(id: string, data?: object): void;
  enter(log: string, event: string, data: unknown, at: string): void;
  sendText(text: string): void;
  close(code: number): void;
  /** Waits for a frame with this id, sent since the last such wait. */
  frame(id: string): Promise<unknown>;
  /** Answers AUTH with AUTH OK, and LIVE for what it names. */
  accept(): Promise<unknown>;
}

/** A token endpoint and a gateway's side of the wire, on a port of their own. */
export interface Wire {
  readonly options: Pick<ClientOptions, 'url' | 'flow' | 'WebSocket' | 'random'>;
  readonly sockets: WireSocket[];
  /** What the token endpoint was asked, with its headers. */
  readonly tokenRequests: { readonly logs: string[]; readonly headers: IncomingMessage['headers'] }[];
  /** What it answers: a status, with a body. */
  answer: (logs: string[]) => { status: number; body?: unknown };
  /** Waits for the socket with this number, from 0. */
  socket(index: number): Promise<WireSocket>;
}

/** Starts a wire for one test. */
export async function startWire(): Promise<Wire> {
  const server = createServer();
  const gateway = new WebSocketServer({ server });
  const { port } = await listen(server);
  const wire: Wire = {
    options: {
      url: `ws://127.0.0.1:${port}/websocket`,
      flow: `http://127.0.0.1:${port}/flow`,
      WebSocket,
      random: () => 0,
    },
    sockets: [],
    tokenRequests: [],
    answer: (logs) => ({
      status: 200,
      body: { token: 'good', user: 'ada', at: placesOf(['user/ada', 'everyone', ...logs]), refused: [] },
    }),
    socket: (index) => until(() => wire.sockets[index], `socket ${index}`),
  };
  gateway.on('connection', (socket) => wire.sockets.push(createWireSocket(socket)));
  server.on('request', (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const { logs } = JSON.parse(text);
      wire.tokenRequests.push({ logs, headers: request.headers });
      const { status, body } = wire.answer(logs);
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
    });
  });
  onTestFinished(() => {
    for (const socket of gateway.clients) socket.terminate();
    gateway.close();
    server.close();
  });
  return wire;
}

/** A place at 0 in each of these. */
export function placesOf(logs: readonly string[]): Record<string, string> {
  return Object.fromEntries(logs.map((log) => [log, 'e:0:']));
}

async function listen(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address() as AddressInfo;
}

function createWireSocket(socket: WebSocket): WireSocket {
  let waitedFor = 0;
  let isClosed = false;
  const side: WireSocket = {
    heard: [],
    get isClosed() {
      return isClosed;
    },
    say: (id, data) => socket.send(JSON.stringify({ id, data })),
    enter: (log, event, data, at) => socket.send(JSON.stringify({ id: event, data, log, at })),
    sendText: (text) => socket.send(text),
    close: (code) => socket.close(code),
    frame: (id) =>
      until(() => {
        const index = side.heard.findIndex((frame, i) => i >= waitedFor && (frame as { id?: string }).id === id);
        if (index < 0) return undefined;
        waitedFor = index + 1;
        return (side.heard[index] as { data: unknown }).data;
      }, id),
    async accept() {
      const data = (await side.frame('AUTH')) as { logs: Record<string, string> };
      side.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
      for (const [log, at] of Object.entries(data.logs)) side.say('LIVE', { log, at });
      return data;
    },
  };
  socket.on('message', (text) => side.heard.push(String(text) === '<3' ? '<3' : JSON.parse(String(text))));
  socket.on('close', () => {
    isClosed = true;
  });
  return side;
}
