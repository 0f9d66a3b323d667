import { checkEvents, type Events, type UsableEvents } from './events.ts';
import { checkPattern } from './pattern.ts';

/** A named audience and what is said to it. */
export interface Channel<Pattern extends string = string, E extends Events = Events> {
  readonly pattern: Pattern;
  readonly events: E;
}

/**
 * Declares a channel. The pattern, such as `"project/:projectId"`, is its one name on both sides.
 * @throws {RangeError} when the pattern or an event's name can't be used
 */
export function channel<const Pattern extends string, E extends Events>(
  pattern: Pattern,
  events: E & UsableEvents<E>,
): Channel<Pattern, E> {
  checkPattern(pattern);
  checkEvents(events);
  return { pattern, events };
}
