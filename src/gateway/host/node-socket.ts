import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { CLOSE_CODES, type CloseCode } from '../../protocol/index.ts';
import type { Connection, HostedGateway, Role, Socket } from '../index.ts';
import { createFrameWriter } from './frame-writer.ts';

/** How long a peer may take to answer a close frame, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Joins an open WebSocket to the gateway: `ws` reads and speaks pings and closes, our ready-made frames go straight to the
 * transport. Both write whole frames only, and compression is off, so that they never mix.
 */
export function joinNodeSocket(
  webSocket: WebSocket,
  transport: Duplex,
  gateway: HostedGateway<Uint8Array>,
  role: Role,
): Connection {
  const writer = createFrameWriter(transport, () => connection.progressed());
  const socket: Socket<Uint8Array> = {
    get isFull() {
      return transport.writableNeedDrain;
    },
    write(frames) {
      if (webSocket.readyState === webSocket.OPEN && !transport.destroyed) writer.write(frames);
    },
    ping() {
      if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
    },
    close: (code, reason) => closeSoon(webSocket, code, reason),
    terminate: () => webSocket.terminate(),
  };
  const connection = gateway.connect(socket, role);
  webSocket.on('message', (data: Buffer, isBinary) => {
    if (isBinary || !isUtf8(data)) connection.takeMalformed();
    else connection.takeText(data.toString('utf8'));
  });
  webSocket.on('error', (error: NodeJS.ErrnoException) => {
    // ws has said so already, and knows no code of a peer's to tell us later.
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') connection.close(CLOSE_CODES.tooLarge, 'frame too large');
  });
  webSocket.on('close', (code) => connection.ended(code));
  transport.on('data', () => connection.markSeen());
  transport.on('drain', () => connection.drained());
  return connection;
}

/** Sends a close frame, and ends the transport if the peer does not answer in time. */
export function closeSoon(webSocket: WebSocket, code: CloseCode, reason: string): void {
  webSocket.close(code, reason);
  const timer = setTimeout(() => webSocket.terminate(), CLOSE_TIMEOUT_MS);
  timer.unref();
  webSocket.once('close', () => clearTimeout(timer));
}
