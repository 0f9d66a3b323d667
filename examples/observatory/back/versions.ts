import type { NextState, StoredState } from 'message-flow/backend';
import { createShelf } from './shelf.ts';

/** How many of the last are kept: by more than these nobody is behind who is still to save. */
const KEPT_COUNT = 50;

/** The versions of one state, each in a file of its own: `<version>.json`. Servers may share the folder. */
export interface Versions<State> {
  load(): Promise<StoredState<State>>;
  /** Adds a version: `true` for exactly one of those that saw `expectedVersion` as the last, on the disk when the promise resolves. */
  save(next: NextState<State>, expectedVersion: number): Promise<boolean>;
}

/** Creates a keeper of versions in a folder; `empty` is the state of version 0. */
export function createVersions<State>(folder: string, empty: State): Versions<State> {
  const shelf = createShelf(folder);

  async function listVersions(): Promise<number[]> {
    const names = (await shelf.list()).filter((name) => name.endsWith('.json'));
    return names.map((name) => Number.parseInt(name, 10)).sort((a, b) => b - a);
  }

  return {
    async load() {
      for (;;) {
        const [last] = await listVersions();
        if (last === undefined) return { state: empty, version: 0 };
        const file = await shelf.find(nameVersion(last));
        // Gone since it was listed only if so many were added meanwhile: then there is a later one.
        if (file) return JSON.parse(file.toString('utf8')) as NextState<State>;
      }
    },
    async save(next, expectedVersion) {
      const { version } = next;
      if (version !== expectedVersion + 1)
        throw new RangeError(`Cannot save ${version}: it follows ${expectedVersion}`);
      // The name is the condition: of several processes that create it, one succeeds.
      if (!(await shelf.create(nameVersion(version), JSON.stringify(next)))) return false;
      const versions = await listVersions();
      const oldest = (versions[0] ?? version) - KEPT_COUNT;
      // Whoever stood still for that long finds the name free again, as its file was removed, and has come too late all the same.
      for (const old of versions.filter((other) => other <= oldest)) await shelf.remove(nameVersion(old));
      return version > oldest;
    },
  };
}

function nameVersion(version: number): string {
  return `${version}.json`;
}
