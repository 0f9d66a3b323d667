/** What has to be undone when a run is over, however it ends. */
export interface Scope {
  /** Undone in the reverse order. */
  defer(undo: () => unknown): void;
  /** Undoes everything; each part is tried, and the first fault thrown. */
  close(): Promise<void>;
}

/** Creates a scope in which nothing has to be undone. */
export function createScope(): Scope {
  const undos: (() => unknown)[] = [];
  return {
    defer: (undo) => void undos.push(undo),
    async close() {
      const faults: unknown[] = [];
      for (let undo = undos.pop(); undo; undo = undos.pop()) {
        try {
          await undo();
        } catch (error) {
          faults.push(error);
        }
      }
      if (faults.length > 0) throw faults[0];
    },
  };
}
