import { nameFile } from './file-name.ts';
import { createShelf } from './shelf.ts';

/** Something that is to be published once, by whichever server was first to claim it. */
interface Claim<T> {
  id: string;
  content: T;
}

/**
 * Remembers what has been published, for all servers that share its folder, and across restarts. A claim is a file; that it
 * was done is a second file, so that no moment exists in which an id could be claimed again.
 */
export interface Ledger<T> {
  /** `true` for exactly one caller per id, ever: the one to publish it. */
  claim(id: string, content: T): Promise<boolean>;
  /** Notes that the broker has acknowledged it. */
  markDone(id: string): Promise<void>;
  /**
   * What was claimed and not done: its server fell, or is publishing it at this moment. Say it again, with the same key, so
   * that it is not delivered twice in the second case.
   */
  findPending(): Promise<Claim<T>[]>;
  /** All that was ever claimed, done or not: who asks and then listens misses nothing. */
  list(): Promise<T[]>;
}

/** Creates a ledger in a folder. It grows by two small files an id and never forgets: feeds repeat old entries at will. */
export function createLedger<T>(folder: string): Ledger<T> {
  const shelf = createShelf(folder);
  // A file never changes once it is there, so each is read once.
  const read = new Map<string, Claim<T>>();

  async function readClaims(names: readonly string[]): Promise<Claim<T>[]> {
    for (const name of names) {
      if (read.has(name)) continue;
      const file = await shelf.find(name);
      if (file) read.set(name, JSON.parse(file.toString('utf8')) as Claim<T>);
    }
    return names.flatMap((name) => read.get(name) ?? []);
  }

  return {
    claim: (id, content) => shelf.create(`${nameFile(id)}.json`, JSON.stringify({ id, content } satisfies Claim<T>)),
    async markDone(id) {
      await shelf.create(`${nameFile(id)}.done`, '');
    },
    async findPending() {
      const names = new Set(await shelf.list());
      return await readClaims(
        [...names].filter((name) => name.endsWith('.json') && !names.has(name.replace('.json', '.done'))),
      );
    },
    async list() {
      const claims = await readClaims((await shelf.list()).filter((name) => name.endsWith('.json')));
      return claims.map(({ content }) => content);
    },
  };
}
