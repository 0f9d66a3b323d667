import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { NextState } from 'message-flow/backend';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { createVersions } from '../../../examples/observatory/back/versions.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const VERSIONS = fileURLToPath(new URL('../../../examples/observatory/back/versions.ts', import.meta.url));
const EMPTY = { by: 'nobody' };

interface State {
  by: string;
}

function next(version: number, by = 'ada'): NextState<State> {
  return { state: { by }, version, recent: [{ id: `${by}-${version}`, version }] };
}

describe('versions', () => {
  test('begin at 0 with what is empty', async () => {
    expect(await createVersions(join(await createTemporaryFolder(), 'none'), EMPTY).load()).toEqual({
      state: EMPTY,
      version: 0,
    });
  });

  test('are kept whole, also for the next server', async () => {
    const folder = await createTemporaryFolder();
    for (const version of [1, 2]) await createVersions(folder, EMPTY).save(next(version), version - 1);
    expect(await createVersions(folder, EMPTY).load()).toEqual(next(2));
  });

  test('are not saved over one that was not seen', async () => {
    const versions = createVersions(await createTemporaryFolder(), EMPTY);
    await versions.save(next(1), 0);
    expect(await versions.save(next(1, 'bob'), 0)).toBe(false);
    expect(await versions.load()).toEqual(next(1));
  });

  test('have no holes: one that does not follow is refused', async () => {
    const versions = createVersions(await createTemporaryFolder(), EMPTY);
    await expect(versions.save(next(3), 0)).rejects.toThrow(RangeError);
  });

  test('are counted as numbers: the tenth is after the ninth', async () => {
    const versions = createVersions(await createTemporaryFolder(), EMPTY);
    for (let version = 1; version <= 11; version++) await versions.save(next(version), version - 1);
    expect((await versions.load()).version).toBe(11);
  });

  test('of long ago are removed', async () => {
    const folder = await createTemporaryFolder();
    const versions = createVersions(folder, EMPTY);
    for (let version = 1; version <= 60; version++) expect(await versions.save(next(version), version - 1)).toBe(true);
    expect(await readdir(folder)).toHaveLength(50);
    expect(await versions.load()).toEqual(next(60));
  });

  test('are not saved by who stood still until the name was free again', async () => {
    const folder = await createTemporaryFolder();
    const versions = createVersions(folder, EMPTY);
    for (let version = 1; version <= 60; version++) await versions.save(next(version), version - 1);
    expect(await createVersions(folder, EMPTY).save(next(6, 'late'), 5)).toBe(false);
    expect(await versions.load()).toEqual(next(60));
    expect(await readdir(folder)).toHaveLength(50);
  });

  test('of many that save at once one succeeds each time', async () => {
    const folder = await createTemporaryFolder();
    for (let version = 1; version <= 10; version++) {
      const saved = await Promise.all(
        ['ada', 'bob', 'eve'].map((by) => createVersions(folder, EMPTY).save(next(version, by), version - 1)),
      );
      expect(saved.filter(Boolean)).toHaveLength(1);
    }
  });

  test('of two processes that save as fast as they can no number is given twice', { timeout: 60_000 }, async () => {
    const folder = await createTemporaryFolder();
    const program = join(await createTemporaryFolder(), 'saver.mjs');
    // Node 20 runs no TypeScript, and a process is not started by Vitest.
    const bundle = await rolldown({ input: VERSIONS, platform: 'node', logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'esm' });
    await bundle.close();
    await writeFile(program, `${output[0].code}\n${SAVER}`);
    const [ada = [], bob = []] = await Promise.all(
      ['ada', 'bob'].map(async (by): Promise<number[]> => {
        const { stdout } = await promisify(execFile)(process.execPath, [program, folder, by]);
        return JSON.parse(stdout);
      }),
    );
    expect([ada.length, bob.length]).toEqual([40, 40]);
    const all = [...ada, ...bob].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    expect((await createVersions(folder, EMPTY).load()).version).toBe(80);
  });
});

/** Saves 40 versions beside whoever else does, and says which. */
const SAVER = `
const [folder, by] = process.argv.slice(2);
const versions = createVersions(folder, {});
const saved = [];
while (saved.length < 40) {
  const { version } = await versions.load();
  if (await versions.save({ state: { by }, version: version + 1, recent: [] }, version)) saved.push(version + 1);
}
console.log(JSON.stringify(saved));
`;
