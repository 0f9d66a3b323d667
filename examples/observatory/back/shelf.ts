import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^[a-z0-9][a-z0-9-]{0,63}(\.[a-z]{1,8})?$/;

/**
 * A folder of files that are written once: a file is there whole or not at all, also after a crash, and of several processes
 * that create the same name exactly one succeeds.
 */
export interface Shelf {
  /** Creates a file, on the disk when the promise resolves. `false` if the name is taken: that file stays as it is. */
  create(name: string, content: string | Uint8Array): Promise<boolean>;
  find(name: string): Promise<Buffer | undefined>;
  /** The names of all files, sorted. */
  list(): Promise<string[]>;
  /** Removes a file, if it is there. */
  remove(name: string): Promise<void>;
}

/** Creates a shelf in a folder, which is made when first needed. Names that could mean another folder are a RangeError. */
export function createShelf(folder: string): Shelf {
  return {
    async create(name, content) {
      const path = pathOf(folder, name);
      await mkdir(folder, { recursive: true });
      // In the same folder, because a link cannot cross file systems; it starts with a dot, so list() never shows it.
      const draft = join(folder, `.${randomBytes(8).toString('hex')}.draft`);
      try {
        await writeWhole(draft, content);
        // Not rename(): it would silently replace a file that another process has just created.
        await link(draft, path);
      } catch (error) {
        if (isCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await rm(draft, { force: true });
      }
      await sync(folder);
      return true;
    },
    async find(name) {
      try {
        return await readFile(pathOf(folder, name));
      } catch (error) {
        if (isCode(error, 'ENOENT')) return undefined;
        throw error;
      }
    },
    async list() {
      try {
        return (await readdir(folder)).filter((name) => NAME.test(name)).sort();
      } catch (error) {
        if (isCode(error, 'ENOENT')) return [];
        throw error;
      }
    },
    async remove(name) {
      await rm(pathOf(folder, name), { force: true });
    },
  };
}

function pathOf(folder: string, name: string): string {
  if (!NAME.test(name)) throw new RangeError(`Cannot use file name ${JSON.stringify(name)}: expected ${NAME}`);
  return join(folder, name);
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is on the disk only once its folder is. */
async function sync(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
