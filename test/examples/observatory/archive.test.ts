import { describe, expect, test } from 'vitest';
import { type Archive, createArchive } from '../../../examples/observatory/back/archive.ts';
import type { Outcome } from '../../../examples/observatory/shared/run.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const csv = new TextEncoder().encode('1,2\n');
const outcome: Outcome = { type: 'failed', message: 'it took too long' };

function add(archive: Archive, user: string, id: string, day = 1): Promise<boolean> {
  const at = new Date(Date.UTC(2025, 0, day)).toISOString();
  return archive.add({ id, user, server: 'web-1', fileName: `${id}.csv`, at }, csv);
}

describe('an archive', () => {
  test('keeps uploads and outcomes, also for the next server', async () => {
    const folder = await createTemporaryFolder();
    await add(createArchive(folder), 'ada', 'u1');
    await createArchive(folder).addOutcome('ada', 'u1', outcome);
    const archive = createArchive(folder);
    expect(await archive.findCsv('ada', 'u1')).toEqual(Buffer.from(csv));
    expect(await archive.findOutcome('ada', 'u1')).toEqual(outcome);
    expect(await archive.list('ada')).toEqual([
      { id: 'u1', user: 'ada', server: 'web-1', fileName: 'u1.csv', at: '2025-01-01T00:00:00.000Z' },
    ]);
  });

  test('lists the newest first', async () => {
    const archive = createArchive(await createTemporaryFolder());
    for (const [id, day] of [
      ['b', 2],
      ['c', 3],
      ['a', 1],
    ] as const)
      await add(archive, 'ada', id, day);
    expect((await archive.list('ada')).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  test.each(['ada', '../ada', 'ADA', 'a/b', '*', 'ß'.repeat(500)])('what %j has, nobody else sees', async (user) => {
    const archive = createArchive(await createTemporaryFolder());
    await add(archive, user, 'u1');
    await archive.addOutcome(user, 'u1', outcome);
    expect(await archive.list(user)).toHaveLength(1);
    for (const other of ['bob', `${user} `, '']) {
      expect(await archive.list(other)).toEqual([]);
      expect(await archive.findCsv(other, 'u1')).toBeUndefined();
      expect(await archive.findOutcome(other, 'u1')).toBeUndefined();
    }
  });

  test('an id is taken once', async () => {
    const archive = createArchive(await createTemporaryFolder());
    const added = await Promise.all([1, 2, 3].map((day) => add(archive, 'ada', 'u1', day)));
    expect(added.filter(Boolean)).toHaveLength(1);
  });

  test('beyond fifty the oldest goes, with its outcome', async () => {
    const archive = createArchive(await createTemporaryFolder());
    for (let day = 1; day <= 51; day++) {
      await add(archive, 'ada', `u${day}`, day);
      await archive.addOutcome('ada', `u${day}`, outcome);
    }
    expect(await archive.list('ada')).toHaveLength(50);
    expect(await archive.findCsv('ada', 'u1')).toBeUndefined();
    expect(await archive.findOutcome('ada', 'u1')).toBeUndefined();
    expect(await archive.findOutcome('ada', 'u2')).toEqual(outcome);
  });

  test('an id that could mean another folder is refused', async () => {
    const archive = createArchive(await createTemporaryFolder());
    await expect(archive.findCsv('ada', '../u1')).rejects.toThrow(RangeError);
  });

  test('of many servers exactly one adds the outcome, and is to tell it', async () => {
    const folder = await createTemporaryFolder();
    await add(createArchive(folder), 'ada', 'u1');
    const added = await Promise.all(
      Array.from({ length: 10 }, () => createArchive(folder).addOutcome('ada', 'u1', outcome)),
    );
    expect(added.filter(Boolean)).toHaveLength(1);
  });

  test("finds every user's uploads that a server took and did not tell, the oldest first", async () => {
    const folder = await createTemporaryFolder();
    const archive = createArchive(folder);
    for (const [user, id, day] of [
      ['ada', 'computing', 2],
      ['ada', 'waiting', 1],
      ['ada', 'told', 3],
      ['bob', 'done', 1],
    ] as const)
      await add(archive, user, id, day);
    for (const [user, id] of [
      ['ada', 'told'],
      ['bob', 'done'],
    ] as const)
      await archive.addOutcome(user, id, outcome);
    await archive.markTold('ada', 'told');
    const at = new Date().toISOString();
    await archive.add({ id: 'beside', user: 'ada', server: 'web-2', fileName: 'beside.csv', at }, csv);
    const untold = (await createArchive(folder).listUntold('web-1')).map(({ user, id }) => `${user} ${id}`);
    expect(untold.filter((name) => name.startsWith('ada'))).toEqual(['ada waiting', 'ada computing']);
    expect(untold.filter((name) => name.startsWith('bob'))).toEqual(['bob done']);
  });
});
