import type { Page, PositionStorage } from 'message-flow/client';

/** A `sessionStorage` that counts what is written. */
export interface FakeStorage extends PositionStorage {
  readonly writeCount: number;
}

export function createFakeStorage(items: Record<string, string> = {}): FakeStorage {
  const kept = new Map(Object.entries(items));
  let writeCount = 0;
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      writeCount++;
      kept.set(key, value);
    },
    get writeCount() {
      return writeCount;
    },
  };
}

/** A `window` that sleeps, wakes and hides when told to. */
export interface FakePage extends Page {
  document: { visibilityState: string };
  fire(type: string, persisted?: boolean): void;
  readonly listenerCount: number;
}

export function createFakePage(sessionStorage: PositionStorage = createFakeStorage()): FakePage {
  const listeners = new Map<string, Set<(event: { type: string; persisted?: boolean }) => void>>();
  return {
    sessionStorage,
    document: { visibilityState: 'visible' },
    addEventListener(type, listener) {
      const all = listeners.get(type) ?? new Set();
      listeners.set(type, all.add(listener));
    },
    removeEventListener: (type, listener) => listeners.get(type)?.delete(listener),
    fire(type, persisted = false) {
      for (const listener of listeners.get(type) ?? []) listener({ type, persisted });
    },
    get listenerCount() {
      return [...listeners.values()].reduce((sum, { size }) => sum + size, 0);
    },
  };
}
