import type { Clock } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

/** What a page of 2016 does with its socket, from the facts; its heirs read another key. */
export interface OldPage {
  /** The page's two indicators. */
  readonly connected: 'Online' | 'Offline';
  readonly authenticated: 'Yes' | 'No';
  /** What its message handler was given, in order: all that is neither heartbeat nor AUTH. */
  readonly messages: readonly Record<string, unknown>[];
  readonly heartbeats: number;
  /** What happened, in order: `open`, `< text`, `> token`, `ask`, `cookie set`, `cookie erased`, `close 1006`. */
  readonly trace: readonly string[];
  /** Sockets opened until now. */
  readonly socketCount: number;
}

/** What a page stands on. */
export interface OldPageOptions {
  readonly url: string;
  readonly clock: Clock;
  /** Its request to the token endpoint; rejects when that fails. */
  readonly askToken: () => Promise<string>;
  /** The token in its cookie when it opens. */
  readonly cookie?: string;
  /** The member of a frame that it looks at. */
  readonly idKey?: string;
}

/** What it sends when it can get no token. */
const FALLBACK = 'no_auth_token_user bad_token';

/** Opens a page; it reconnects by itself until its test ends. */
export function openOldPage({ url, clock, askToken, cookie, idKey = 'id' }: OldPageOptions): OldPage {
  const trace: string[] = [];
  const messages: Record<string, unknown>[] = [];
  let kept = cookie;
  let [heartbeats, socketCount, attempts] = [0, 0, 0];
  let [connected, authenticated]: [OldPage['connected'], OldPage['authenticated']] = ['Offline', 'No'];
  let socket: WebSocket | undefined;
  let isOver = false;

  function open(): void {
    if (isOver) return;
    socketCount++;
    const opened = new WebSocket(url);
    socket = opened;
    opened.on('open', () => {
      trace.push('open');
      connected = 'Online';
      attempts = 0; // already here, not at AUTH OK
    });
    opened.on('message', (bytes) => take(String(bytes)));
    opened.on('error', () => {}); // `close` follows
    opened.on('close', (code) => {
      trace.push(`close ${code}`);
      [connected, authenticated] = ['Offline', 'No'];
      clock.after(Math.min(30_000, 1_000 * 1.5 ** attempts++), open);
    });
  }

  function take(text: string): void {
    if (text === '<3') {
      heartbeats++;
      return;
    }
    trace.push(`< ${text}`);
    const data = JSON.parse(text) as Record<string, unknown>;
    switch (data[idKey]) {
      case 'AUTH REQUEST':
        authenticate();
        break;
      case 'AUTH FAILED':
        kept = undefined;
        trace.push('cookie erased');
        break;
      case 'AUTH OK':
        authenticated = 'Yes';
        break;
      default:
        messages.push(data);
    }
  }

  function authenticate(): void {
    if (kept !== undefined) {
      send(kept);
      return;
    }
    trace.push('ask');
    askToken().then(
      (token) => {
        kept = token;
        trace.push('cookie set');
        send(token);
      },
      () => clock.after(1_000, () => send(FALLBACK)),
    );
  }

  function send(token: string): void {
    trace.push(`> ${token}`);
    socket?.send(token);
  }

  open();
  onTestFinished(() => {
    isOver = true;
    socket?.terminate();
  });
  return {
    messages,
    trace,
    get connected() {
      return connected;
    },
    get authenticated() {
      return authenticated;
    },
    get heartbeats() {
      return heartbeats;
    },
    get socketCount() {
      return socketCount;
    },
  };
}
