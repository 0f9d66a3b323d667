import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createShelf } from '../../../examples/observatory/back/shelf.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

describe('a shelf', () => {
  test('keeps what was put there', async () => {
    const shelf = createShelf(join(await createTemporaryFolder(), 'made', 'when needed'));
    expect(await shelf.create('a.csv', 'one')).toBe(true);
    expect((await shelf.find('a.csv'))?.toString()).toBe('one');
    expect(await shelf.list()).toEqual(['a.csv']);
  });

  test('of many that create one name exactly one succeeds, and its file is whole', async () => {
    const folder = await createTemporaryFolder();
    const writers = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000));
    const created = await Promise.all(writers.map((content) => createShelf(folder).create('a', content)));
    expect(created.filter(Boolean)).toHaveLength(1);
    const winner = writers[created.indexOf(true)] ?? '';
    expect((await createShelf(folder).find('a'))?.equals(Buffer.from(winner))).toBe(true);
  });

  test('leaves no drafts behind', async () => {
    const folder = await createTemporaryFolder();
    await Promise.all([1, 2, 3].map((i) => createShelf(folder).create('a', `${i}`)));
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('an empty or missing folder holds nothing', async () => {
    const shelf = createShelf(join(await createTemporaryFolder(), 'missing'));
    expect(await shelf.list()).toEqual([]);
    expect(await shelf.find('a')).toBeUndefined();
    await shelf.remove('a');
  });

  test('what is removed is gone, and its name free', async () => {
    const shelf = createShelf(await createTemporaryFolder());
    await shelf.create('a', 'one');
    await shelf.remove('a');
    expect(await shelf.find('a')).toBeUndefined();
    expect(await shelf.create('a', 'two')).toBe(true);
  });

  test.each(['', '.', '..', '../a', 'a/b', 'a\\b', '.hidden', 'A', 'a\0', 'a'.repeat(65), 'a.b.c', 'é'])(
    'the name %j is refused',
    async (name) => {
      const shelf = createShelf(await createTemporaryFolder());
      await expect(shelf.create(name, '')).rejects.toThrow(RangeError);
      await expect(shelf.find(name)).rejects.toThrow(RangeError);
      await expect(shelf.remove(name)).rejects.toThrow(RangeError);
    },
  );
});
