import { join } from 'node:path';
import type { Outcome } from '../shared/run.ts';
import type { Upload } from '../shared/upload.ts';
import { nameFile } from './file-name.ts';
import { createShelf } from './shelf.ts';

const MAX_UPLOADS_PER_USER = 50;

/**
 * What users have posted and what came of it, as files: `uploads/<user>/<id>.csv` and `.json`, `outcomes/<user>/<id>.begun`,
 * `.json` and `.told`, where `<user>` is hashed. A folder for each user, so that nobody's listing can show another's. Servers may
 * share it.
 */
export interface Archive {
  /** Keeps an upload; beyond 50 the user's oldest goes, with its outcome. `false` if the id is taken. */
  add(upload: Upload, csv: Uint8Array): Promise<boolean>;
  /** This user's uploads, newest first. */
  list(user: string): Promise<Upload[]>;
  find(user: string, id: string): Promise<Upload | undefined>;
  findCsv(user: string, id: string): Promise<Uint8Array | undefined>;
  /** Notes that its computation is under way; what is begun and has no outcome fell with its server. */
  markBegun(user: string, id: string): Promise<void>;
  isBegun(user: string, id: string): Promise<boolean>;
  /** Takes that back: the computation was ended in good order, to begin anew. */
  unmarkBegun(user: string, id: string): Promise<void>;
  /** Keeps what came of an upload. `true` for exactly one caller per upload, ever: the one to tell it. */
  addOutcome(user: string, id: string, outcome: Outcome): Promise<boolean>;
  findOutcome(user: string, id: string): Promise<Outcome | undefined>;
  /** Notes that the broker has acknowledged the outcome. */
  markTold(user: string, id: string): Promise<void>;
  /** All users' uploads that this server took and whose outcome is not there or not told. */
  listUntold(server: string): Promise<Upload[]>;
}

/** Creates an archive in a folder. Ids are lower-case letters, digits and hyphens; others are a RangeError. */
export function createArchive(folder: string): Archive {
  const shelfOf = (...path: [kind: 'uploads' | 'outcomes', folderName: string]) => createShelf(join(folder, ...path));
  const uploadsOf = (user: string) => shelfOf('uploads', nameFile(user));
  const outcomesOf = (user: string) => shelfOf('outcomes', nameFile(user));

  const archive: Archive = {
    async add(upload, csv) {
      const shelf = uploadsOf(upload.user);
      // The description comes last: an upload exists once it is there, and then it is whole.
      if (!(await shelf.create(`${upload.id}.csv`, csv))) return false;
      await shelf.create(`${upload.id}.json`, JSON.stringify(upload));
      for (const { id, user } of (await archive.list(upload.user)).slice(MAX_UPLOADS_PER_USER)) {
        await shelf.remove(`${id}.json`);
        await shelf.remove(`${id}.csv`);
        for (const kind of ['begun', 'json', 'told']) await outcomesOf(user).remove(`${id}.${kind}`);
      }
      return true;
    },
    async list(user) {
      return await readUploads(nameFile(user));
    },
    async find(user, id) {
      const file = await uploadsOf(user).find(`${id}.json`);
      return file && (JSON.parse(file.toString('utf8')) as Upload);
    },
    findCsv: (user, id) => uploadsOf(user).find(`${id}.csv`),
    async markBegun(user, id) {
      await outcomesOf(user).create(`${id}.begun`, '');
    },
    isBegun: async (user, id) => (await outcomesOf(user).find(`${id}.begun`)) !== undefined,
    unmarkBegun: (user, id) => outcomesOf(user).remove(`${id}.begun`),
    addOutcome: (user, id, outcome) => outcomesOf(user).create(`${id}.json`, JSON.stringify(outcome)),
    async findOutcome(user, id) {
      const file = await outcomesOf(user).find(`${id}.json`);
      return file && (JSON.parse(file.toString('utf8')) as Outcome);
    },
    async markTold(user, id) {
      await outcomesOf(user).create(`${id}.told`, '');
    },
    async listUntold(server) {
      const untold: Upload[] = [];
      for (const folderName of await createShelf(join(folder, 'uploads')).list()) {
        const outcomes = new Set(await shelfOf('outcomes', folderName).list());
        const uploads = await readUploads(folderName);
        const own = uploads.filter((upload) => upload.server === server && !outcomes.has(`${upload.id}.told`));
        untold.push(...own.reverse());
      }
      return untold;
    },
  };

  async function readUploads(folderName: string): Promise<Upload[]> {
    const shelf = shelfOf('uploads', folderName);
    const names = (await shelf.list()).filter((name) => name.endsWith('.json'));
    const files = await Promise.all(names.map((name) => shelf.find(name)));
    // A file may be gone since it was listed: another server has made room.
    const uploads = files.flatMap((file) => (file ? [JSON.parse(file.toString('utf8')) as Upload] : []));
    return uploads.sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  return archive;
}
