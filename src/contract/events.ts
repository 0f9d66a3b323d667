import { MAX_KEY_BYTES, RESERVED_IDS, type ReservedId, utf8Length } from '../protocol/index.ts';
import type { InputOf, OutputOf, Received, Schema } from './schema.ts';

/** Events by name: each a message an app sends, with the check of its payload. */
export type Events = Readonly<Record<string, Schema>>;

/** What `send` takes for an event. */
export type Payload<E extends Events, Name extends keyof E> = InputOf<E[Name]>;

/** What a handler gets for an event. */
export type Delivered<E extends Events, Name extends keyof E> = Received<OutputOf<E[Name]>>;

/** Refuses, when compiling, events that bear an id of the protocol. */
export type UsableEvents<E extends Events> = { readonly [Name in keyof E]: Name extends ReservedId ? never : E[Name] };

/**
 * Checks the names of events.
 * @throws {RangeError} when a name is empty, longer than 128 bytes, or an id of the protocol
 */
export function checkEvents(events: Events): void {
  for (const name of Object.keys(events)) {
    if ((RESERVED_IDS as readonly string[]).includes(name)) {
      throw new RangeError(`Cannot call an event "${name}": the protocol uses this id itself`);
    }
    if (name === '' || utf8Length(name) > MAX_KEY_BYTES) {
      throw new RangeError(`Cannot call an event "${name.slice(0, 40)}": names have 1 to ${MAX_KEY_BYTES} bytes`);
    }
  }
}
