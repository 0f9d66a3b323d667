import type { Channel } from './channel.ts';
import { checkEvents, type Events, type UsableEvents } from './events.ts';
import { doOverlap } from './pattern.ts';
import type { Store } from './store.ts';

/** What an app's backend and browser agree on. */
export interface Contract<
  E extends Events = Events,
  C extends readonly Channel[] = readonly Channel[],
  S extends readonly Store[] = readonly Store[],
> {
  readonly events: E;
  readonly channels: C;
  readonly stores: S;
}

/** The patterns of a contract's channels. */
export type PatternOf<A extends Contract> = A['channels'][number]['pattern'];

/** The events of the channel with this pattern. */
export type ChannelEvents<A extends Contract, Pattern extends PatternOf<A>> = Extract<
  A['channels'][number],
  { readonly pattern: Pattern }
>['events'];

/** The patterns of a contract's stores. */
export type StorePatternOf<A extends Contract> = A['stores'][number]['pattern'];

/** The store with this pattern. */
export type StoreOf<A extends Contract, Pattern extends StorePatternOf<A>> = Extract<
  A['stores'][number],
  { readonly pattern: Pattern }
>;

/**
 * States what an app's backend and browser agree on. The browser needs only its type.
 * @throws {RangeError} when an event bears a reserved id, or two channels or two stores could name one log
 */
export function contract<
  E extends Events = Record<never, never>,
  const C extends readonly Channel[] = readonly [],
  const S extends readonly Store[] = readonly [],
>(parts: { readonly events?: E & UsableEvents<E>; readonly channels?: C; readonly stores?: S }): Contract<E, C, S> {
  const events = parts.events ?? ({} as E);
  const channels = parts.channels ?? ([] as unknown as C);
  const stores = parts.stores ?? ([] as unknown as S);
  checkEvents(events);
  checkPatterns('channels', channels);
  checkPatterns('stores', stores);
  return { events, channels, stores };
}

function checkPatterns(what: string, named: readonly { readonly pattern: string }[]): void {
  for (const [i, { pattern }] of named.entries()) {
    const other = named.slice(0, i).find((earlier) => doOverlap(earlier.pattern, pattern));
    if (other) throw new RangeError(`Cannot have ${what} "${other.pattern}" and "${pattern}": they can name one log`);
  }
}
