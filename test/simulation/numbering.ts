import type { Entry } from 'message-flow/broker';
import { findPositionParts, formatPosition, type Position, type StartPosition } from 'message-flow/protocol';
import type { Plan } from './plan.ts';
import type { SeededRandom } from './random.ts';

/** How an engine shows what a kept log numbers from 1: with larger steps, without tags, without what was before. */
export interface Numbering {
  entry(inner: Entry): Entry;
  position(inner: Position): Position;
  /** Back again. What lies between two places of this numbering is the lower one. */
  inner(after: StartPosition): StartPosition;
}

/** Creates the numbering of a plan's engine. */
export function createNumbering({ stride, hasTags, unknownPrevious }: Plan['engine'], random: SeededRandom): Numbering {
  function scale<P extends StartPosition>(at: P, change: (offset: number) => number): P | Position {
    const parts = stride === 1 || at === 'start' ? undefined : findPositionParts(at);
    return parts ? formatPosition({ ...parts, offset: change(parts.offset) }) : at;
  }

  const position = (inner: Position) => scale(inner, (offset) => offset * stride);
  return {
    entry(inner) {
      if (stride === 1 && hasTags && unknownPrevious === 0) return inner;
      const { at, previous, ...entry } = inner;
      const isUnknown = previous === null || random.chance(unknownPrevious);
      const tag = hasTags && previous?.tag !== undefined ? { tag: previous.tag } : {};
      const shown = isUnknown ? null : { offset: previous.offset * stride, ...tag };
      return { ...entry, at: position(at), previous: shown };
    },
    position,
    inner: (after) => scale(after, (offset) => Math.floor(offset / stride)),
  };
}
