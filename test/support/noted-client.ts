import type { Client, Fetch, FetchAnswer } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';
import { type app, ROOMS } from '../faults/fault-app.ts';
import type { Fact } from '../simulation/history.ts';

/** A screen of which is noted what it gets. */
export interface Noted {
  readonly id: string;
  readonly logs: readonly LogName[];
  /** Where it stands in each log. */
  readonly places: Map<LogName, Position>;
  readonly now: () => number;
  readonly note: (fact: Fact) => void;
}

/** Notes where each log begins: that is in the first token that a screen is given, and never again. */
export function noteBeginnings({ id, logs, places, now, note }: Noted, ask: Fetch): Fetch {
  return async (url, init): Promise<FetchAnswer> => {
    const answer = await ask(url, init);
    if (answer.status !== 200) return answer;
    const body = (await answer.json()) as { readonly at?: Partial<Record<LogName, Position>> };
    for (const log of logs) {
      const from = body.at?.[log];
      if (places.has(log) || from === undefined) continue;
      places.set(log, from);
      note({ type: 'followed', ms: now(), follower: id, log, from });
    }
    return { status: answer.status, json: async () => body };
  };
}

/** Lets a client follow all of the app, and notes what comes. */
export function followAll(client: Client<typeof app>, { id, logs, places, now, note }: Noted): void {
  const take = ({ key }: { key: string }, { log, at }: { log: LogName; at: Position }) => {
    places.set(log, at);
    note({ type: 'delivered', ms: now(), follower: id, log, key, at });
  };
  client.on('said', take);
  for (const roomId of ROOMS) client.channel('room/:roomId', { roomId }).on('said', take);
  client.onGap(({ log, at, reason }) => {
    if (!logs.includes(log)) return;
    places.set(log, at);
    note({ type: 'gap', ms: now(), follower: id, log, at, reason });
  });
}
