import { isJsonObject, type LogName, type Stop } from '../protocol/index.ts';
import type { PositionStorage, ResolvedOptions } from './options.ts';
import type { FollowedLog, Positions } from './session-event.ts';

/** At most once in this time, in milliseconds, are positions written: a tab that crashes may see so much again. */
const SAVE_INTERVAL_MS = 1_000;

/**
 * Keeps positions over a reload, by user. Runs and stores are not kept: they begin at their start or a snapshot.
 *
 * A duplicated tab, and one that this page opens, gets a copy of the storage. It goes on from the copied positions as a
 * reload would, and from then on writes to its own.
 */
export interface PositionStore {
  /** Where the page begins, and before it what was kept of this user; read once, when the page begins or its user changes. */
  restore(user: string): Positions;
  /** Writes within a second. */
  saveSoon(): void;
  /** Writes now. What the storage refuses is not kept; a reload then begins at the present. */
  save(): void;
  /** A log that the page left begins anew when it comes back. */
  forget(log: LogName): void;
}

/** Creates a store of the positions of `logs`, under `message-flow:<flow>:<user>`. */
export function createPositionStore(
  { storage, at, page, flow, clock }: Pick<ResolvedOptions, 'storage' | 'at' | 'page' | 'flow' | 'clock'>,
  logs: ReadonlyMap<LogName, FollowedLog>,
): PositionStore {
  let key: string | undefined;
  /** Also of logs that this page does not follow yet: a view that opens late goes on too. */
  let kept: Record<string, unknown> = {};
  let stopTimer: Stop | undefined;

  function save(): void {
    stopTimer?.();
    stopTimer = undefined;
    if (!key) return;
    for (const { log, position } of logs.values()) {
      if (position && !/^(run|store)/.test(log)) kept[log] = position;
    }
    try {
      findStorage()?.setItem(key, JSON.stringify(kept));
    } catch {
      // Full, or forbidden: the page works on, its reload begins at the present.
    }
  }

  /** May throw: a browser's setting can forbid even to look. */
  function findStorage(): PositionStorage | null | undefined {
    return storage === undefined ? page?.sessionStorage : storage;
  }

  function read(name: string): Record<string, unknown> {
    try {
      const text: unknown = JSON.parse(findStorage()?.getItem(name) ?? '{}');
      return isJsonObject(text) ? text : {};
    } catch {
      return {}; // forbidden, or someone else wrote there
    }
  }

  return {
    restore(user) {
      const next = `message-flow:${flow}:${user}`;
      if (next !== key) {
        const begin = key ? {} : at; // another user's page was not rendered
        save();
        key = next;
        kept = { ...read(key), ...begin };
      }
      return kept as Positions; // the session looks at each position when it takes it
    },
    saveSoon() {
      stopTimer ??= clock.after(SAVE_INTERVAL_MS, save);
    },
    save,
    forget(log) {
      delete kept[log];
    },
  };
}
