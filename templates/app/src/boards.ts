import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NextState, StoredState } from 'message-flow/backend';
import type { Board } from './board.ts';

/** Keeps boards in the files of a folder, which is enough for one process. */
export function createBoards(folder: string) {
  mkdirSync(folder, { recursive: true });
  const pathOf = (team: string) => join(folder, `${encodeURIComponent(team)}.json`);

  function load(team: string): StoredState<Board> {
    const path = pathOf(team);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { state: { cards: {} }, version: 0 };
  }

  function save(team: string, next: NextState<Board>, expectedVersion: number): boolean {
    if (load(team).version !== expectedVersion) return false;
    const path = pathOf(team);
    writeFileSync(`${path}.new`, JSON.stringify(next));
    renameSync(`${path}.new`, path); // whole or not at all, whenever the process ends
    return true;
  }

  return { load, save };
}
