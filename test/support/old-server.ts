import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DialectName, getDialect } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { signOldToken } from './old-token.ts';

/** A server of an older generation, with its web app, from the facts. */
export interface OldServer {
  readonly url: string;
  readonly tokenUrl: string;
  /** Connections taken until now. */
  readonly socketCount: number;
  /** Tokens that its web app gave until now. */
  readonly tokenCount: number;
  /** What came over the sockets, in order. */
  readonly heard: readonly string[];
  /** What its web app says: a user's name, null for who has not signed in, or a status. */
  user: string | null | number;
  /** The secret its web app signs with; the server's own stays. */
  secret: string;
  /** A message for a user, or for everyone. */
  push(user: string, id: string, data: unknown): void;
  heartbeat(): void;
  /** Cuts all connections, with no word. */
  cut(): void;
}

/** `cut`: as the pattern's HEAD, whose handling of a bad token was itself broken; `answer`: as it was meant. */
export interface OldServerOptions {
  readonly name: DialectName;
  readonly badTokens?: 'cut' | 'answer';
}

const SECRET = 'an old secret';

/** Starts a server; it ends with its test. */
export async function startOldServer({ name, badTokens = 'answer' }: OldServerOptions): Promise<OldServer> {
  const { idKey, dataKey, userKey, claim, tokenPath } = getDialect(name);
  const users = new Map<WebSocket, string>();
  const heard: string[] = [];
  let [socketCount, tokenCount] = [0, 0];

  const web = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== tokenPath) return void response.writeHead(405).end();
    if (typeof server.user === 'number') return void response.writeHead(server.user).end('<html>');
    tokenCount++;
    const token = signOldToken({ [claim]: server.user }, server.secret);
    const text = name === '2016' ? token : JSON.stringify({ status: 'success', data: { token } }, null, 2);
    response.writeHead(200, { connection: 'close' }).end(text);
  });
  const sockets = new WebSocketServer({ server: web });
  sockets.on('connection', (socket) => {
    socketCount++;
    let requests = 0;
    const say = (word: string) => socket.send(`{"${idKey}": "${word}"}`);
    const request = () => {
      requests++;
      say('AUTH REQUEST');
    };
    socket.on('message', (bytes) => {
      const token = String(bytes);
      heard.push(token);
      const user = findUser(token);
      if (user !== undefined) {
        users.set(socket, user);
        say('AUTH OK');
      } else if (badTokens === 'cut') {
        socket.terminate();
      } else {
        say('AUTH FAILED');
        if (requests < 3) request();
      }
    });
    socket.on('close', () => users.delete(socket));
    request();
  });

  function findUser(token: string): string | undefined {
    const payload = token.split('.')[1];
    if (payload === undefined) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return token === signOldToken(claims, SECRET) ? claims[claim] : undefined;
  }

  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    web.close();
  });
  const server: OldServer = {
    url: `ws://127.0.0.1:${port}/websocket`,
    tokenUrl: `http://127.0.0.1:${port}${tokenPath}`,
    heard,
    user: 'ada',
    secret: SECRET,
    get socketCount() {
      return socketCount;
    },
    get tokenCount() {
      return tokenCount;
    },
    push(to, id, data) {
      const text = JSON.stringify({ [userKey]: to, [idKey]: id, [dataKey]: data });
      for (const [socket, user] of users) if (to === user || (to === '*' && name !== '2016')) socket.send(text);
    },
    heartbeat() {
      for (const socket of sockets.clients) socket.send('<3');
    },
    cut() {
      for (const socket of sockets.clients) socket.terminate();
    },
  };
  return server;
}
