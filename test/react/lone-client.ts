import { type Client, createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import type { Ring } from 'message-flow/testing';
import type { app } from '../client/stores/app.ts';
import { board } from '../client/stores/board.ts';

/** A client of a ring's backend, for what a ring's own pages can't do. Its gateway takes it, and says nothing. */
export interface LoneClient {
  readonly client: Client<typeof app>;
  /** Whom the backend takes the page for. */
  user: string;
  /** Who is given no state. */
  banned: string;
  /** What answers wait for that give a state. */
  gate: Promise<unknown>;
  /** How often a state was asked for. */
  readonly snapshotCount: number;
  /** Ends its token, so that it asks for another. */
  expireToken(): void;
}

export function openLoneClient({ flow, page }: Ring<typeof app>, lingerMs = 5_000): LoneClient {
  let snapshotCount = 0;
  let expireToken = () => {};
  class QuietSocket {
    onopen: unknown = null;
    onmessage: unknown = null;
    onclose: ((event: { code: number }) => void) | null = null;
    onerror: unknown = null;
    constructor() {
      expireToken = () => this.onclose?.({ code: 4408 });
    }
    send() {}
    close() {}
  }
  const opened: Omit<LoneClient, 'client'> = {
    user: 'ada',
    banned: '',
    gate: Promise.resolve(),
    get snapshotCount() {
      return snapshotCount;
    },
    expireToken: () => expireToken(),
  };
  const client = createClient<typeof app>({
    url: 'ws://ring/websocket',
    flow: 'http://ring/flow',
    page: null,
    clock: page('nobody').client.clock,
    WebSocket: QuietSocket,
    lingerMs,
    use: [stores([board])],
    async fetch(url, init) {
      const { user } = opened;
      if (url.endsWith('/snapshot')) {
        snapshotCount++;
        await opened.gate;
        if (user === opened.banned) return { status: 403, json: async () => ({ error: { code: 'not-allowed' } }) };
      }
      return flow.handler(new Request(url, init), { user });
    },
  });
  return Object.assign(opened, { client });
}
