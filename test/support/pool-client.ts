import { type Client, createClient, type Gap } from 'message-flow/client';
import { WebSocket } from 'ws';
import { findVisitor } from '../../examples/observatory/back/visitor.ts';
import type { observatory } from '../../examples/observatory/shared/contract.ts';
import type { Run } from '../../examples/observatory/shared/run.ts';
import { until } from './until.ts';

/** The client of a page, on Node: it comes through nginx, with a cookie, as a browser does. */
export interface PoolClient {
  readonly user: string;
  readonly client: Client<typeof observatory>;
  /** The texts of `TASK DONE`, in the order in which they came; a gap stands as its log's name. */
  readonly received: string[];
  readonly gaps: readonly Gap[];
  /** The longest time between two of them, in milliseconds. */
  readonly longestPauseMs: number;
  /** Runs that were told to have ended. */
  readonly ended: readonly Run[];
  /** Posts a light curve: its run, or undefined where the answer was no 202 or none came. */
  post(name: string, csv: string): Promise<Run | undefined>;
  fetchRuns(): Promise<Run[]>;
  close(): void;
}

/** Opens a client as a new user, and waits until it is live. */
export async function openPoolClient(url: string): Promise<PoolClient> {
  const page = await fetch(url);
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? '';
  const user = findVisitor(cookie);
  if (user === undefined) throw new Error(`Cannot visit ${url}: it answered ${page.status} without a ticket`);
  const received: string[] = [];
  const gaps: Gap[] = [];
  const ended: Run[] = [];
  const client = createClient<typeof observatory>({
    url: `${url.replace('http', 'ws')}/websocket`,
    flow: `${url}/flow`,
    headers: () => ({ cookie }),
    WebSocket,
  });
  let heardAt = performance.now();
  let longestPauseMs = 0;
  client.on('TASK DONE', (text) => {
    received.push(text);
    longestPauseMs = Math.round(Math.max(longestPauseMs, performance.now() - heardAt));
    heardAt = performance.now();
  });
  client.on('run/ended', (run) => ended.push(run));
  client.onGap((gap) => {
    gaps.push(gap);
    received.push(gap.log);
  });
  await until(() => client.connection.get().authenticated, 'the client to be authenticated', 60_000);
  return {
    user,
    client,
    received,
    get longestPauseMs() {
      return longestPauseMs;
    },
    gaps,
    ended,
    async post(name, csv) {
      const headers = { cookie, 'content-type': 'text/csv' };
      try {
        const response = await fetch(`${url}/light-curves?name=${name}`, { method: 'POST', headers, body: csv });
        return response.status === 202 ? ((await response.json()) as { run: Run }).run : undefined;
      } catch {
        return undefined; // nginx was away
      }
    },
    async fetchRuns() {
      const response = await fetch(`${url}/light-curves`, { headers: { cookie } });
      return ((await response.json()) as { runs: Run[] }).runs;
    },
    close: () => client.close(),
  };
}
