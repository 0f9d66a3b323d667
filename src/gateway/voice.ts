import type { Entry } from '../broker/index.ts';
import {
  type ControlFrame,
  type Dialect,
  encodeControlFrame,
  encodeDialectControl,
  encodeDialectEntry,
  encodeOpeningControl,
  type LogName,
} from '../protocol/index.ts';
import type { Chunk, Frame, Ring } from './ring.ts';
import type { FrameMaker } from './socket.ts';

/** How a gateway speaks to one kind of peer. */
export interface Voice<F extends Frame> {
  /** A frame of the gateway's own; undefined: this peer would not know it, and does not get it. */
  sayControl(frame: ControlFrame): F | undefined;
  /** Neighbouring entries of a log. */
  sayEntries(log: LogName, chunk: Chunk<F>, ring: Ring<F>): F;
}

/** The voices of a gateway, shared by its connections: what one has made for a log serves all who are at the same place. */
export interface Voices<F extends Frame> {
  /** For peers of this version. */
  readonly own: Voice<F>;
  /** For a peer of which nothing is known yet. */
  readonly opening: Voice<F>;
  /** For those who authenticated with a bare token. */
  of(dialect: Dialect): Voice<F>;
}

/** Creates the voices for these dialects; without any, all that is said is our own. */
export function createVoices<F extends Frame>(frames: FrameMaker<F>, dialects: readonly Dialect[]): Voices<F> {
  const own: Voice<F> = {
    sayControl: (frame) => frames.encode(encodeControlFrame(frame)),
    sayEntries: (_, { frame }) => frame,
  };
  const byName = new Map(dialects.map((dialect) => [dialect.name, createDialectVoice(frames, dialect)]));
  return {
    own,
    opening:
      dialects.length === 0
        ? own
        : { ...own, sayControl: (frame) => encodeKnown(frames, encodeOpeningControl(dialects, frame)) },
    of: ({ name }) => byName.get(name) as Voice<F>,
  };
}

/** What it made is kept with the ring's own chunks and entries, and goes when they go. */
function createDialectVoice<F extends Frame>(frames: FrameMaker<F>, dialect: Dialect): Voice<F> {
  const byChunk = new WeakMap<Chunk<F>, F>();
  const byEntry = new WeakMap<Entry, F>();

  function encodeEntry(log: LogName, entry: Entry): F {
    const frame = byEntry.get(entry) ?? frames.encode(encodeDialectEntry(dialect, log, entry.event, entry.data));
    byEntry.set(entry, frame);
    return frame;
  }

  return {
    sayControl: (frame) => encodeKnown(frames, encodeDialectControl(dialect, frame)),
    sayEntries(log, chunk, ring) {
      const known = byChunk.get(chunk);
      if (known) return known;
      const parts = ring.entries(chunk.from, chunk.to).map((entry) => encodeEntry(log, entry));
      const frame = parts.length === 1 ? (parts[0] as F) : frames.join(parts);
      byChunk.set(chunk, frame);
      return frame;
    },
  };
}

function encodeKnown<F extends Frame>(frames: FrameMaker<F>, text: string | undefined): F | undefined {
  return text === undefined ? undefined : frames.encode(text);
}
