import type { IncomingMessage, Server } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { CLOSE_CODES, MAX_CLIENT_FRAME_BYTES } from '../../protocol/index.ts';
import { createGateway, type Gateway, type GatewayOptions, isLoopbackHost } from '../index.ts';
import { CANARY_HEADER, dialServer } from './node-canary.ts';
import { nodeClock } from './node-clock.ts';
import { closeSoon, joinNodeSocket } from './node-socket.ts';
import { isOriginAllowed } from './origin.ts';
import { createStrayUpgrades } from './stray-upgrades.ts';
import { wireFrames } from './wire-frame.ts';

export type { Gateway, GatewayEvent, GatewayHandler, GatewayHealth, GatewayOptions, PartHealth } from '../index.ts';

/** How a gateway is put on a Node server. */
export interface ServeOptions extends GatewayOptions {
  /** The path of WebSocket upgrades. @default "/websocket" */
  readonly path?: string;
}

/** Why an upgrade is refused, as HTTP. */
interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 426 | 503;
  readonly reason: string;
}

/**
 * Puts a gateway on a server, which may be the app's own: it takes only the upgrades of its path. One of another path is left
 * to the server's other listeners, and answered with 404 when none has taken it within 10 s. Close the gateway before the
 * server: a server waits for its connections.
 * @throws {RangeError} when an option is unsafe; it says what to set
 * @throws {TypeError} when the server is none, such as Express's app, or there is no broker
 */
export function serveGateway(server: Server, { path = '/websocket', ...options }: ServeOptions): Gateway {
  // Express's app has `on` and `listen` too, and never tells of an upgrade.
  if (typeof server?.address !== 'function') {
    throw new TypeError(
      "Cannot open the gateway: server is no HTTP server, it must be what createServer of node:http or an app's listen gives",
    );
  }
  const acceptor = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    perMessageDeflate: false, // frames are made once for all; and a small message can inflate to a large one
    skipUTF8Validation: true, // checked by us, so that bad UTF-8 gets our close code
  });
  const gateway = createGateway<Uint8Array>(options, {
    clock: nodeClock,
    frames: wireFrames,
    defer: setImmediate,
    dialCanary: (pass, onText, onClose) => dialServer(server, path, pass, onText, onClose),
    isLocal: () => isLocal(server),
  });
  const { origins, isSecretKnown, onEvent, clock } = gateway.options;
  const noSuchPath: Refusal = { status: 404, reason: `WebSockets are at ${path}` };
  const strays = createStrayUpgrades(clock, (transport) => refuse(transport, noSuchPath));

  function upgrade(request: IncomingMessage, transport: Duplex, head: Buffer): void {
    const isOurs = pathOf(request) === path;
    if (!isOurs && server.listenerCount('upgrade') > 1) {
      strays.watch(transport); // another listener's, or nobody's
      return;
    }
    const refusal = isOurs ? findRefusal(request) : noSuchPath;
    if (refusal) {
      refuse(transport, refusal);
      return;
    }
    (transport as NetSocket).setNoDelay?.(true);
    acceptor.handleUpgrade(request, transport, head, (webSocket) => {
      webSocket.on('error', () => {}); // ws closes with the code that the fault asks for; `close` follows
      // RFC 6455 has no "try later" before the upgrade that a browser could read; so it is a close code.
      const role = gateway.roleOf(request.headers[CANARY_HEADER]);
      if (gateway.findRefusal(role) === 'overloaded')
        return closeSoon(webSocket, CLOSE_CODES.overloaded, 'too many connections');
      joinNodeSocket(webSocket, transport, gateway, role);
    });
  }

  function findRefusal(request: IncomingMessage): Refusal | undefined {
    const { origin, host, 'sec-websocket-version': version, upgrade: protocol = '' } = request.headers;
    if (!isOriginAllowed(origin, host, origins)) return { status: 403, reason: 'origin not allowed' };
    // Who can be any user must be who sits here: a page of another name may have been led to this machine by its own DNS.
    if (isSecretKnown && !(isLoopbackHost(host) && isLocal(server)))
      return { status: 403, reason: 'the development secret is for localhost only: set secret' };
    if (request.method !== 'GET') return { status: 405, reason: 'use GET' };
    if (request.httpVersion !== '1.1') return { status: 400, reason: 'use HTTP/1.1' }; // RFC 6455, 4.2.1
    if (protocol.toLowerCase() !== 'websocket') return { status: 400, reason: 'not a WebSocket upgrade' };
    if (version !== '13') return { status: 426, reason: 'WebSocket version must be 13' }; // RFC 6455, 4.4
    return gateway.findRefusal('client') === 'draining' ? { status: 503, reason: 'draining' } : undefined;
  }

  function refuse(transport: Duplex, { status, reason }: Refusal): void {
    onEvent({ type: 'upgrade-refused', status, reason });
    transport.on('error', () => {}); // the peer may be gone already; it is ended either way
    // The server no longer minds this transport: a peer that never hangs up would keep it for ever.
    transport.once('finish', () => transport.destroy());
    const version = status === 426 ? 'Sec-WebSocket-Version: 13\r\n' : '';
    transport.end(
      `HTTP/1.1 ${status} ${reason}\r\n${version}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
    );
  }

  server.on('upgrade', upgrade);
  const { close } = gateway;
  return Object.assign(gateway, {
    async close() {
      server.off('upgrade', upgrade);
      strays.close();
      await close();
    },
  });
}

/** A Unix socket is on this machine; what listens nowhere yet is not known to be. */
function isLocal(server: Server): boolean {
  const address = server.address();
  if (address === null || typeof address === 'string') return address !== null;
  return address.address === '::1' || address.address.startsWith('127.');
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
