import { type Clock, findPositionParts, type LogName } from 'message-flow/protocol';
import type { PositionStorage } from '../../src/client/options.ts';
import { createPositionStore, type PositionStore } from '../../src/client/position-store.ts';
import type { Positions, Session } from '../../src/client/session-event.ts';
import { USER } from './plan.ts';
import type { World } from './world.ts';

/** What outlives a page: who is signed in, and the tab's `sessionStorage`. */
export interface Browser {
  /** Whose cookie goes with requests; undefined: nobody's. */
  user: string | undefined;
  /** The places of a page that begins: the real keeper of positions, on this storage, with the timers of a page that is open. */
  openPlaces(logs: Session['logs'], isOpen: () => boolean): PositionStore;
  /** What the storage has of a user. */
  findPlaces(user: string): Positions;
  /** Empties the storage. */
  clear(): void;
}

/** Opens a browser in which the one user of a simulated world is signed in. */
export function openBrowser({ timeline, sabotage }: Pick<World, 'timeline' | 'sabotage'>): Browser {
  const items = new Map<string, string>();
  const nameOf = (key: string) => (sabotage.sharesPlaces ? 'everybody' : key);
  const storage: PositionStorage = {
    getItem: (key) => items.get(nameOf(key)) ?? null,
    setItem: (key, value) => void items.set(nameOf(key), value),
  };
  function openPlaces(logs: Session['logs'], isOpen: () => boolean): PositionStore {
    const clock: Clock = { now: timeline.now, after: (ms, run) => timeline.after(ms, () => isOpen() && run()) };
    return createPositionStore({ storage, at: undefined, page: null, flow: '', clock }, logs);
  }

  return {
    user: USER,
    openPlaces,
    findPlaces(user) {
      const kept = Object.entries(openPlaces(new Map<LogName, never>(), () => false).restore(user));
      return Object.fromEntries(kept.filter(([, at]) => findPositionParts(at))); // "start" is kept, and means nothing
    },
    clear: () => items.clear(),
  };
}
