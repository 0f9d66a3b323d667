import type { LogName, Position } from '../../protocol/index.ts';

/** Which keys were said, and where. */
export interface SaidKeys {
  /** Where a key was first said, if it was said less than the window before `ts`. */
  findAt(log: LogName, key: string, ts: number): Position | undefined;
  /** Notes that a key was said at `ts`, and that its entry lies at `at`. */
  note(log: LogName, key: string, ts: number, at: Position): void;
  clear(): void;
}

/** Keys of a stream that are remembered; beyond it the longest unsaid go. */
const MAX_KEYS = 200_000;

/**
 * Creates a memory of keys. The window counts from when a key was last said and not from its first time: so who begins to
 * read in the middle comes to know the same of all that lies a window after its beginning.
 */
export function createSaidKeys(windowMs: number): SaidKeys {
  /** Longest unsaid first. */
  const said = new Map<string, { readonly ts: number; readonly at: Position }>();
  const nameKey = (log: LogName, key: string) => `${log}\n${key}`; // no name has a line break

  return {
    findAt(log, key, ts) {
      const known = said.get(nameKey(log, key));
      return known && Math.abs(ts - known.ts) < windowMs ? known.at : undefined;
    },
    note(log, key, ts, at) {
      const id = nameKey(log, key);
      said.delete(id);
      said.set(id, { ts, at });
      for (const [oldest, { ts: then }] of said) {
        if (ts - then < windowMs && said.size <= MAX_KEYS) break;
        said.delete(oldest);
      }
    },
    clear: () => said.clear(),
  };
}
