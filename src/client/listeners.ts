import type { Stop } from '../protocol/index.ts';

/** Those who want to be told of one thing. */
export interface Listeners<T> {
  /** The same function added twice is told twice, until each addition is stopped. */
  add(listener: (value: T) => unknown): Stop;
  /** Tells all who listen now, in the order in which they came; false: nobody does. One that throws stops no other. */
  tell(value: T): boolean;
}

/** Creates listeners: none yet. `report` takes what one throws, or what a promise that it returns rejects with. */
export function createListeners<T>(report: (error: unknown, value: T) => void): Listeners<T> {
  const all = new Set<(value: T) => unknown>();
  return {
    add(listener) {
      const own = (value: T) => listener(value);
      all.add(own);
      return () => {
        all.delete(own);
      };
    },
    tell(value) {
      const told = [...all];
      for (const listener of told) {
        if (!all.has(listener)) continue; // one before it stopped it
        try {
          const result = listener(value);
          if (result instanceof Promise) result.catch((error) => report(error, value));
        } catch (error) {
          report(error, value);
        }
      }
      return told.length > 0;
    },
  };
}
