import type { EncodedJson, GapReason, LogName, Position, StartPosition, Stop } from '../protocol/index.ts';

/** One item in a log, as a broker keeps it. */
export interface Entry {
  /** What makes its append idempotent within its log. */
  readonly key: string;
  readonly event: string;
  readonly data: EncodedJson;
  readonly at: Position;
  /** The entry before it in the log, which makes a hole visible. Offset 0 is the log's beginning; null: unknown, read again. */
  readonly previous: { readonly offset: number; readonly tag?: string } | null;
  /** When the broker took it, in milliseconds since 1970. */
  readonly ts: number;
}

/** What an app hands to a broker. */
export type NewEntry = Pick<Entry, 'key' | 'event' | 'data'>;

/** What lies after a position. */
export interface Reading {
  /** Oldest first, without holes. */
  readonly entries: readonly Entry[];
  /** The log's end when it was read, as `tops` says it: not the place that was asked for, where nothing lies after that. */
  readonly top: Position;
  /** `trimmed`: entries are what is kept; `reset`: none, go on from `top`. Reaching the limit is no gap. */
  readonly gap?: GapReason;
}

/** Whether a broker works, since when (milliseconds since 1970), and why not. */
export interface Health {
  readonly ok: boolean;
  readonly since: number;
  readonly reason?: string;
}

/** What an engine can do. */
export interface Capabilities {
  /** Entries outlive the broker's process. */
  readonly durable: boolean;
  /** `tail` delivers the followed logs only; false: the engine reads everything. */
  readonly interest: boolean;
  /** How long a key is remembered, in milliseconds: said twice within it, an entry is delivered once. */
  readonly keyWindowMs: number;
}

/**
 * Keeps logs. Knows nothing of users, sockets or tokens. Every engine gives exactly this, and passes `conformance`.
 * Calls reject with a `BrokerError`; each says whether it may be said again.
 */
export interface Broker {
  /** Adds an entry to the end of a log. Resolves when the engine has it, to the durability it states. Null: stored, place unknown. */
  append(log: LogName, entry: NewEntry): Promise<Position | null>;
  /** What lies after a position, from the leader: at most `limit` entries. `"start"`: all that is kept. */
  read(log: LogName, after: StartPosition, limit: number): Promise<Reading>;
  /**
   * Follows the live end, in order. Resolves once the engine is proven to deliver. Live delivery may lose, the log may not:
   * `previous` shows a hole, and the engine checks its own tail and says `interrupted`. `onEntry` must not throw.
   */
  tail(log: LogName, onEntry: (entry: Entry) => void): Promise<Stop>;
  /** The present ends. Every log has one, an empty one too. */
  tops(logs: readonly LogName[]): Promise<Map<LogName, Position>>;
  /** The live end broke for these logs: compare tops, read again. */
  on(event: 'interrupted', listener: (logs: readonly LogName[] | 'all') => void): Stop;
  /** Whether the engine answers. Never rejects. */
  health(): Promise<Health>;
  /** Ends all tails and connections. What comes after rejects with `closed`. */
  close(): Promise<void>;
  readonly capabilities: Capabilities;
  /** Present on engines that live in one process: a token names it, so that a gateway beside another such broker refuses. */
  readonly epoch?: string;
}
