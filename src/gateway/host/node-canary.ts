import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { WebSocket } from 'ws';
import type { CanarySocket } from '../index.ts';

/** Where the canary shows its pass. */
export const CANARY_HEADER = 'message-flow-canary';

/** Opens a WebSocket to a server of this process, by the address it listens on. */
export function dialServer(
  server: Server,
  path: string,
  pass: string,
  onText: (text: string) => void,
  onClose: () => void,
): Promise<CanarySocket> {
  return new Promise((resolve, reject) => {
    const address = server.address();
    if (!address) return reject(new Error('the server is not listening'));
    const scheme = server instanceof TlsServer ? 'wss' : 'ws';
    const url =
      typeof address === 'string'
        ? `${scheme}+unix:${address}:${path}`
        : `${scheme}://${hostOf(address.address)}:${address.port}${path}`;
    // Our own certificate names the public host, not the loopback.
    const webSocket = new WebSocket(url, {
      headers: { [CANARY_HEADER]: pass },
      rejectUnauthorized: false,
      perMessageDeflate: false,
    });
    webSocket.on('open', () => resolve({ send: (text) => webSocket.send(text), close: () => webSocket.close() }));
    webSocket.on('message', (data) => onText(String(data)));
    webSocket.on('close', onClose);
    webSocket.on('error', reject);
  });
}

/** Any-address listeners are reached by the loopback. */
function hostOf(address: string): string {
  if (address === '::' || address === '0.0.0.0') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
