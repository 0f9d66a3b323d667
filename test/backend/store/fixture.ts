import { createFlow, type Flow, type FlowEvent, type FlowOptions, type StoredState } from 'message-flow/backend';
import { createMemoryBroker } from 'message-flow/broker';
import { channel, contract, type Schema, type StoreSnapshot, store, type } from 'message-flow/contract';
import type { LogName } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

/** A list of texts: what was done, in its order, so that a lost or doubled action shows. */
interface List {
  texts: string[];
}

const list = store('list/:id', type<List>()).actions((on) => ({
  add: on(type<string>(), (draft, text) => {
    if (text === 'throw') throw new Error('no such text');
    draft.texts.push(text);
  }),
  remove: on(type<string>(), (draft, text) => {
    const at = draft.texts.indexOf(text);
    if (at >= 0) draft.texts.splice(at, 1);
  }),
  fill: on(type<number>(), (draft, count) => {
    for (let i = 0; i < count; i++) draft.texts.push('x'.repeat(1_000));
  }),
}));
const app = contract({
  channels: [channel('room/:roomId', { knock: type<string>() })],
  stores: [list, store('unserved', type<List>()).actions(() => ({}))],
});

/** A database of one process: a version is compared and set, all at once. */
export interface Database {
  readonly rows: Map<string, StoredState<List>>;
  loads: number;
  saves: number;
}

export function createDatabase(): Database {
  return { rows: new Map([['a', { state: { texts: [] }, version: 0 }]]), loads: 0, saves: 0 };
}

const SECRET = 'a secret of the tests, thirty-two bytes or more';

/** What may be changed in a web server of the tests. */
export interface WebOptions extends Partial<FlowOptions> {
  readonly database?: Database;
  readonly load?: (
    database: Database,
    id: string,
  ) => StoredState<List> | undefined | Promise<StoredState<List> | undefined>;
  readonly save?: (save: () => boolean) => boolean | Promise<boolean>;
  readonly inputs?: { readonly remove: Schema<unknown, string> };
  readonly allow?: (user: string, id: string, action: string | undefined) => boolean | Promise<boolean>;
}

/** A web server that keeps lists in a database. */
export interface Web {
  readonly flow: Flow<typeof app>;
  readonly database: Database;
  readonly events: FlowEvent[];
  /** Posts to a route as `user`; undefined: nobody. */
  post(route: string, body: unknown, user?: string, headers?: Record<string, string>): Promise<Response>;
  snapshot(id?: string): Promise<StoreSnapshot<List>>;
  act(...actions: object[]): Promise<unknown[]>;
  /** The data of all entries of a list's log. */
  news(id?: string): Promise<unknown[]>;
}

export function startWeb(given: WebOptions = {}): Web {
  const { database = createDatabase(), load, save, allow = () => true, inputs, ...options } = given;
  const events: FlowEvent[] = [];
  const flow = createFlow(app, {
    broker: createMemoryBroker(),
    secret: SECRET,
    authenticate: (request) => {
      const user = request.headers.get('x-user');
      return user ? { user } : null;
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  flow.store('list/:id').serve({
    load: ({ id }) => {
      database.loads++;
      return load ? load(database, id) : structuredClone(database.rows.get(id));
    },
    save: ({ id }, next, expectedVersion) => {
      const write = () => {
        if (database.rows.get(id)?.version !== expectedVersion) return false;
        database.saves++;
        database.rows.set(id, structuredClone(next));
        return true;
      };
      return save ? save(write) : write();
    },
    allow: ({ user }, { id }, action) => allow(user, id, action?.name),
    inputs: { add: z.string().max(100).trim(), ...inputs },
  });
  onTestFinished(() => flow.close());

  function post(route: string, body: unknown, user = 'ada', headers: Record<string, string> = {}): Promise<Response> {
    return flow.handler(
      new Request(`http://app.test/flow/${route}`, {
        method: 'POST',
        headers: {
          host: 'app.test',
          'content-type': 'application/json',
          'sec-fetch-site': 'same-origin',
          'x-user': user,
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
  }

  return {
    flow,
    database,
    events,
    post,
    async snapshot(id = 'a') {
      return (await post('snapshot', { log: `store/list/${id}` })).json() as Promise<StoreSnapshot<List>>;
    },
    async act(...actions) {
      const response = await post('actions', { log: 'store/list/a', actions });
      return ((await response.json()) as { answers: unknown[] }).answers;
    },
    async news(id = 'a') {
      const { entries } = await flow.broker.read(`store/list/${id}` as LogName, 'start', 1_000);
      return entries.map(({ data }) => JSON.parse(data));
    },
  };
}

/** An action that adds a text. */
export function add(id: string, input: string, since?: number): object {
  return { id, name: 'add', input, ...(since !== undefined && { since }) };
}
