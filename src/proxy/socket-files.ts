import { lstatSync, rmSync } from 'node:fs';

/** The files of the Unix sockets that this process listens on. */
export interface SocketFiles {
  /** A file that is no longer ours: nobody who comes anew finds us. */
  findLost(): string | undefined;
  /** Removes those that are still ours. */
  remove(): void;
}

/** Remembers the files of sockets that were just bound, by what they are and not by name: others may put theirs in their place. */
export function claimSocketFiles(files: readonly string[]): SocketFiles {
  const claimed = files.map((file) => ({ file, inode: findInode(file) }));
  return {
    findLost: () => claimed.find(({ file, inode }) => findInode(file) !== inode)?.file,
    remove() {
      for (const { file, inode } of claimed) if (findInode(file) === inode) rmSync(file, { force: true });
    },
  };
}

function findInode(file: string): number | undefined {
  return lstatSync(file, { throwIfNoEntry: false })?.ino;
}
