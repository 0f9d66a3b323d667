import { createHash } from 'node:crypto';

/**
 * Turns any id (a user's, a feed entry's) into a name that is safe in a folder: no separators, no dots, of one length, and
 * the same for the same id in every process. Hashed and not escaped, because file systems end names at 255 bytes and some
 * take `A` for `a`.
 */
export function nameFile(id: string): string {
  return createHash('sha256').update(id, 'utf8').digest('hex').slice(0, 40);
}
