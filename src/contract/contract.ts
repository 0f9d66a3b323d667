import type { Channel } from './channel.ts';
import { checkEvents, type Events, type UsableEvents } from './events.ts';
import { doOverlap } from './pattern.ts';

/** What an app's backend and browser agree on. */
export interface Contract<E extends Events = Events, C extends readonly Channel[] = readonly Channel[]> {
  readonly events: E;
  readonly channels: C;
}

/** The patterns of a contract's channels. */
export type PatternOf<A extends Contract> = A['channels'][number]['pattern'];

/** The events of the channel with this pattern. */
export type ChannelEvents<A extends Contract, Pattern extends PatternOf<A>> = Extract<
  A['channels'][number],
  { readonly pattern: Pattern }
>['events'];

/**
 * States what an app's backend and browser agree on. The browser needs only its type.
 * @throws {RangeError} when an event bears a reserved id, or two channels could name one log
 */
export function contract<
  E extends Events = Record<never, never>,
  const C extends readonly Channel[] = readonly [],
>(parts: { readonly events?: E & UsableEvents<E>; readonly channels?: C }): Contract<E, C> {
  const events = parts.events ?? ({} as E);
  const channels = parts.channels ?? ([] as unknown as C);
  checkEvents(events);
  for (const [i, { pattern }] of channels.entries()) {
    const other = channels.slice(0, i).find((earlier) => doOverlap(earlier.pattern, pattern));
    if (other) throw new RangeError(`Cannot have channels "${other.pattern}" and "${pattern}": they can name one log`);
  }
  return { events, channels };
}
