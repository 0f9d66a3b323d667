import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Where requests go, as Unix sockets. */
export interface FrontTargets {
  /** Takes `/websocket`. */
  readonly gateway: string;
  /** Takes everything else. */
  readonly web: string;
}

/** Opens what nginx is in the pool, as small as it gets: one port in front of a gateway and a web server; it closes with the test. */
export async function openFrontProxy({ gateway, web }: FrontTargets): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    const onward = ask({ socketPath: web, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    const lines = request.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    const onward = connect(gateway, () => {
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const [side, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(side);
      side.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
