import { type Client, type Connection, type ConnectionStatus, createFrames, type Frames } from '../client/index.ts';
import type { Contract } from '../contract/index.ts';
import type { LogName, Stop } from '../protocol/index.ts';
import { createShownStores, type ShownStores } from './shown-stores.ts';

/** How the connection is on a server, and in the first render of a page that a server rendered. */
export const NOT_YET: ConnectionStatus = {
  state: 'connecting',
  reason: 'idle',
  connected: false,
  authenticated: false,
  user: undefined,
};

/** What components share that have the same client, below whatever provider: it outlives a tree that is thrown away. */
export interface Flow<A extends Contract> extends Frames {
  /** On a server there is none. */
  readonly client: Client<A> | undefined;
  /** As `useSyncExternalStore` takes it. */
  readonly connection: Connection;
  readonly stores: ShownStores;
  /** Stores whose first state is on its way, and what waits for it. */
  readonly loads: Map<LogName, Promise<void>>;
  /** Stores whose first state came, or why there is none, before the component that wants it was there; each ends its waiting. */
  readonly holds: Map<LogName, Stop>;
  /** A store's snapshots that a client has: they are for a first render, and not for what is shown later, to another user even. */
  readonly taken: WeakSet<object>;
}

/** Creates what the components of a client share. */
export function createFlow<A extends Contract>(client: Client<A> | undefined, taken: WeakSet<object>): Flow<A> {
  const frames = createFrames(client);
  const get = () => client?.connection.get() ?? NOT_YET;
  return {
    ...frames,
    client,
    connection: {
      get,
      subscribe(listener) {
        if (get().reason === 'idle') client?.connect();
        return client?.connection.subscribe(listener) ?? (() => {});
      },
    },
    stores: createShownStores(frames),
    loads: new Map(),
    holds: new Map(),
    taken,
  };
}
