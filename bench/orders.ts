/** What the bench tells its processes, and what they answer. */
export type HolderOrder =
  /** So many messages in each of so many turns of the event loop: to everyone, or to each of so many users. */
  | {
      readonly type: 'say';
      readonly to: 'everyone' | 'each';
      readonly users: number;
      readonly perTurn: number;
      readonly turns: number;
    }
  | { readonly type: 'measure' };

/** What a process has used so far. */
export interface Usage {
  /** Of the processor, by all its threads, in microseconds. */
  readonly cpuUs: number;
  /** Resident, after garbage was collected, in bytes. */
  readonly residentBytes: number;
}

/** What a crowd is to do. */
export type CrowdOrder =
  /** Opens so many sockets more, each a user's own, and resolves once all are served. */
  | { readonly type: 'open'; readonly count: number; readonly url: string; readonly secret: string | null }
  /** Resolves once so many entries in all have come. */
  | { readonly type: 'await'; readonly entries: number };

export const ROUTE = '/websocket';
export const SECRET = 'a secret of the bench, which is of no use elsewhere';
/** What is said, as JSON: some 100 bytes. */
export const SAID = {
  id: 'order-17',
  status: 'shipped',
  text: 'It is on its way, and will be there on Tuesday or so.',
};
