import type { NewEntry } from '../broker.ts';

/** A message as a stream keeps it. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  /** Undefined: something else wrote it, and not as we do. */
  readonly content: NewEntry | undefined;
  /** When the server took it, in milliseconds since 1970. */
  readonly ts: number;
}
