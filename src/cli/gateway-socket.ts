import type { WebSocket } from 'ws';
import type { Clock } from '../protocol/index.ts';
import { formatUnreached } from './gateway-request.ts';
import { formatSafe } from './safe-text.ts';

const CLOSE_TIMEOUT_MS = 1_000;

/** Where a gateway takes WebSockets: at the path on the same host; an address that is of a WebSocket already stays. */
export function formatWebSocketUrl(gateway: string, path: string): string {
  const url = new URL(gateway);
  if (url.protocol.startsWith('ws')) return gateway;
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.pathname = path;
  return url.href;
}

/** Closes a WebSocket in good order; a peer that does not answer the close would keep the process. */
export function endWebSocket(socket: WebSocket, clock: Clock): void {
  if (socket.readyState === socket.CLOSED) return;
  const stop = clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate());
  socket.once('close', stop);
  socket.close(1000);
}

/** Why a WebSocket did not open, and what to do. */
export function formatUnopened(url: string, error: unknown): string {
  const status = error instanceof Error ? /^Unexpected server response: (\d+)$/.exec(error.message)?.[1] : undefined;
  const { host, pathname } = new URL(url);
  if (status === undefined) return formatUnreached(url, error);
  if (status === '503') return `The gateway at ${host} takes no connections now, 503: it drains or is overloaded`;
  return `No WebSocket at ${host}${pathname}, ${status}: name its path by --path, or the whole ws:// address by --gateway`;
}

/** What to do about a refused token. */
export function formatRefusal(reason: string): string {
  switch (reason) {
    case 'wrong-signature':
      return "The gateway refused the token, wrong-signature: it was signed by another secret than the gateway's";
    case 'expired':
      return "The gateway refused the token, expired: make a new one; if it is new, the machines' clocks differ";
    case 'not-yet-valid':
      return "The gateway refused the token, not-yet-valid: the clock of the machine that signed it is ahead of the gateway's";
    case 'revoked':
      return 'The gateway refused the token, revoked: this user, session or token may no longer follow';
    case 'wrong-epoch':
      return 'The gateway refused the token, wrong-epoch: it was made by another process with memory: as its broker';
    default:
      return `The gateway refused the token, ${formatSafe(reason, 40)}: make another by message-flow token`;
  }
}
