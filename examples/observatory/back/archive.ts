import { join } from 'node:path';
import type { Outcome } from '../shared/run.ts';
import type { Upload } from '../shared/upload.ts';
import { nameFile } from './file-name.ts';
import { createShelf } from './shelf.ts';

const MAX_UPLOADS_PER_USER = 50;

/**
 * What users have posted and what came of it, as files: `uploads/<user>/<id>.csv` and `.json`, `outcomes/<user>/<id>.json`
 * and `.told`, where `<user>` is hashed. A folder for each user, so that nobody's listing can show another's. Servers may
 * share it.
 */
export interface Archive {
  /** Keeps an upload; beyond 50 the user's oldest goes, with its outcome. `false` if the id is taken. */
  add(upload: Upload, csv: Uint8Array): Promise<boolean>;
  /** This user's uploads, newest first. */
  list(user: string): Promise<Upload[]>;
  findCsv(user: string, id: string): Promise<Uint8Array | undefined>;
  /** Keeps what came of an upload. `true` for exactly one caller per upload, ever: the one to tell it. */
  addOutcome(user: string, id: string, outcome: Outcome): Promise<boolean>;
  findOutcome(user: string, id: string): Promise<Outcome | undefined>;
  /** Notes that the broker has acknowledged the outcome. */
  markTold(user: string, id: string): Promise<void>;
  /** All users' uploads whose outcome is not there or not told: their server fell, or is at work on them at this moment. */
  listUntold(): Promise<Upload[]>;
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
        await outcomesOf(user).remove(`${id}.json`);
        await outcomesOf(user).remove(`${id}.told`);
      }
      return true;
    },
    async list(user) {
      return await readUploads(nameFile(user));
    },
    findCsv: (user, id) => uploadsOf(user).find(`${id}.csv`),
    addOutcome: (user, id, outcome) => outcomesOf(user).create(`${id}.json`, JSON.stringify(outcome)),
    async findOutcome(user, id) {
      const file = await outcomesOf(user).find(`${id}.json`);
      return file && (JSON.parse(file.toString('utf8')) as Outcome);
    },
    async markTold(user, id) {
      await outcomesOf(user).create(`${id}.told`, '');
    },
    async listUntold() {
      const untold: Upload[] = [];
      for (const folderName of await createShelf(join(folder, 'uploads')).list()) {
        const outcomes = new Set(await shelfOf('outcomes', folderName).list());
        const uploads = await readUploads(folderName);
        untold.push(...uploads.filter(({ id }) => !outcomes.has(`${id}.told`)).reverse());
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
