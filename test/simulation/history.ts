import type { GapReason, LogName, Position, StartPosition } from 'message-flow/protocol';

/**
 * Why what a log holds changed otherwise than by an append. `moved`: it is empty, and ends wherever its stream does; whoever
 * stands before that misses nothing.
 */
export type KeptCause = 'created' | 'trimmed' | 'rolled-back' | 'restarted' | 'expired' | 'moved';

/**
 * One thing that happened in a run, simulated or real, in the order in which it was seen: a history is a list of these,
 * in a file one JSON text a line. A fact is written by who knows it first: an append by its publisher, what a log holds
 * by who broke it, a delivery by the follower.
 */
export type Fact =
  | { readonly type: 'invoked'; readonly ms: number; readonly log: LogName; readonly key: string }
  /** The publisher was told that it is stored; `at` is null where the engine can't say the place. */
  | {
      readonly type: 'acknowledged';
      readonly ms: number;
      readonly log: LogName;
      readonly key: string;
      readonly at: Position | null;
    }
  /** The publisher knows that it is not stored, and will not say it again. */
  | { readonly type: 'failed'; readonly ms: number; readonly log: LogName; readonly key: string }
  /** No answer came: stored or not. May be followed by an acknowledgement, when it was said again with its key. */
  | { readonly type: 'unknown'; readonly ms: number; readonly log: LogName; readonly key: string }
  /** The engine's own word that it stored an entry. Optional: without, acknowledgements and deliveries tell what a log holds. */
  | { readonly type: 'stored'; readonly ms: number; readonly log: LogName; readonly key: string; readonly at: Position }
  /** From here on the log holds what lies after `after` up to `top`. Needed wherever a gap is to be judged. */
  | {
      readonly type: 'kept';
      readonly ms: number;
      readonly log: LogName;
      readonly cause: KeptCause;
      readonly after: Position;
      readonly top: Position;
    }
  /** A follower begins, or goes on after a reload when `from` is where it was. `null`: wherever the top is. */
  | {
      readonly type: 'followed';
      readonly ms: number;
      readonly follower: string;
      readonly log: LogName;
      readonly from: StartPosition | null;
    }
  | {
      readonly type: 'delivered';
      readonly ms: number;
      readonly follower: string;
      readonly log: LogName;
      readonly key: string;
      readonly at: Position;
    }
  | {
      readonly type: 'gap';
      readonly ms: number;
      readonly follower: string;
      readonly log: LogName;
      readonly at: Position;
      readonly reason: GapReason;
    }
  | {
      readonly type: 'live';
      readonly ms: number;
      readonly follower: string;
      readonly log: LogName;
      readonly at: Position;
    }
  | { readonly type: 'unfollowed'; readonly ms: number; readonly follower: string; readonly log: LogName }
  /** The screen is gone for good: nothing more is owed to it. */
  | { readonly type: 'dead'; readonly ms: number; readonly follower: string }
  /** All faults ended, and time enough passed for every follower to reach the top. */
  | { readonly type: 'healed'; readonly ms: number };

/** All that happened in one run. */
export type History = readonly Fact[];

/** Writes a history as JSON lines. */
export function formatHistory(history: History): string {
  return history.map((fact) => `${JSON.stringify(fact)}\n`).join('');
}

/** Reads a history from JSON lines; it is our own file, so what does not parse throws. */
export function parseHistory(text: string): Fact[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Fact);
}
