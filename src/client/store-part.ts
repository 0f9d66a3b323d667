import type { LogName, StartPosition } from '../protocol/index.ts';
import type { ConnectionStatus } from './connection-status.ts';
import type { AppEffect } from './session-event.ts';
import type { ClientStore } from './stores/client-store.ts';

/** What stores need of the client that they are a part of. */
export interface StoreHost {
  readonly status: ConnectionStatus;
  /** @throws {TypeError} when there is no WebSocket, or nothing to resolve a relative address against */
  start(): void;
  follow(log: LogName, from?: StartPosition): void;
  unfollow(log: LogName): void;
}

/** The stores of a client: a part of its own, so that only pages that have stores download it. */
export interface StorePart {
  /** Takes what the session says; true: it was of a store. */
  take(effect: AppEffect): boolean;
  /** @throws {RangeError} when there is no such store, or a parameter is missing or empty */
  open(pattern: string, params: Readonly<Record<string, string>>): ClientStore;
}
