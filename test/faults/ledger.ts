import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Fact, formatHistory, parseHistory } from '../simulation/history.ts';

/** What a screen's line to its gateway did; no promise is judged by it alone. */
export interface Sighting {
  readonly type: 'opened' | 'ended';
  readonly ms: number;
  readonly follower: string;
  /** The gateway's port. */
  readonly gateway: number;
  /** With what code it ended. */
  readonly code?: number;
}

export type Note = Fact | Sighting;

/** The time that all processes of this machine share, in milliseconds: neither a jump of their clocks nor a restart moves it. */
export function readSharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A file that outlives the process that writes it. */
export interface Ledger {
  /** `isSure`: it is in the file before this returns, so that a `kill -9` in the next moment does not take it. */
  write(note: Note, isSure?: boolean): void;
  /** Puts what waits into the file. */
  flush(): void;
  close(): void;
}

/** Notes that wait at most. */
const MOST_WAITING = 1_000;

/** Opens a ledger, and goes on where an earlier process ended. */
export function openLedger(file: string): Ledger {
  const fd = openSync(file, 'a');
  let waiting: Note[] = [];
  function flush(): void {
    if (waiting.length === 0) return;
    writeSync(fd, formatHistory(waiting as Fact[]));
    waiting = [];
  }
  return {
    write(note, isSure = false) {
      waiting.push(note);
      if (isSure || waiting.length > MOST_WAITING) flush();
    },
    flush,
    close() {
      flush();
      closeSync(fd);
    },
  };
}

/** All that was noted in a folder, by the shared time. */
export function readLedgers(folder: string): { readonly history: Fact[]; readonly sightings: Sighting[] } {
  const history: Fact[] = [];
  const sightings: Sighting[] = [];
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.jsonl'))) {
    for (const note of readNotes(join(folder, name))) {
      if (isSighting(note)) sightings.push(note);
      else history.push(note);
    }
  }
  const byTime = (a: Note, b: Note) => a.ms - b.ms;
  return { history: history.sort(byTime), sightings: sightings.sort(byTime) };
}

/** What one process noted; the line at which it was killed may be half of one. */
export function readNotes(file: string): Note[] {
  const text = readFileSync(file, 'utf8');
  return parseHistory(text.slice(0, text.lastIndexOf('\n') + 1)) as Note[];
}

function isSighting(note: Note): note is Sighting {
  return note.type === 'opened' || note.type === 'ended';
}
