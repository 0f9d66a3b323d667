import type { Position } from '../protocol/index.ts';
import type { PatchOperation } from './patch.ts';

/** Most actions in one request, and the most that a state remembers. */
export const MAX_ACTIONS = 50;
/** The event of a store's log. */
export const STORE_EVENT = 'store';

/** An action as a client says it; the same, with its id, whenever it is said again. */
export interface SaidAction {
  /** The client's own, 1 to 64 characters. */
  readonly id: string;
  readonly name: string;
  readonly input?: unknown;
  /** The version that the client had when it first said it. */
  readonly since?: number | undefined;
}

/**
 * Why a backend refused an action.
 * - `not-allowed`: `allow` said no to this action.
 * - `unknown-action`: the store has none of this name; a page of another version of the app.
 * - `invalid-input`: its schema refused it.
 * - `failed`: the reducer threw; it can't be done on this state. The message is what it threw, in the app's own words.
 * - `forgotten`: it was said before, so long ago that nobody knows whether it was applied. The state shows.
 */
export type RefusedCode = 'not-allowed' | 'unknown-action' | 'invalid-input' | 'failed' | 'forgotten';

/** Why an action was not applied: a code, and words, which are for a developer unless the reducer threw them. */
export interface Refused<Code extends string = RefusedCode> {
  readonly code: Code;
  readonly message: string;
}

/** What became of one action: it is in the state of `version`, or refused. */
export type ActionAnswer<Code extends string = RefusedCode> =
  | { readonly version: number; readonly refused?: never }
  | { readonly refused: Refused<Code>; readonly version?: never };

/** An action that was applied, and the version that it made. */
export interface RecentAction {
  readonly id: string;
  readonly version: number;
}

/** A store's state at one version, and where its log is to be followed from. */
export interface StoreSnapshot<State = unknown> {
  readonly state: State;
  readonly version: number;
  /** The log's end, read before the state: whoever follows from here misses nothing. */
  readonly at: Position;
  /** The last actions that are in the state, oldest first. */
  readonly recent: readonly RecentAction[];
}

/** The data of an entry in a store's log. `from` null: the state is of version `to`, fetch it. */
export type StoreNews =
  | {
      readonly from: number;
      readonly to: number;
      readonly patch: readonly PatchOperation[];
      readonly actions: readonly string[];
    }
  | { readonly from: null; readonly to: number };
