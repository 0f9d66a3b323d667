import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NextState, StoredState } from 'message-flow/backend';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts';
import { buildDocumentCode, pathOf } from './document-code.ts';

/** What each way of the document gives. */
interface Keeper {
  load(name: string): StoredState<unknown> | Promise<StoredState<unknown>>;
  save(name: string, next: NextState<unknown>, expectedVersion: number): boolean | Promise<boolean>;
}

const EMPTY = { cards: {} };
const STATE = { cards: { b: 'über', a: '"', '10': null } };
const folder = mkdtempSync(join(tmpdir(), 'message-flow-stores-'));
const pools: Pool[] = [];
let server: PostgresServer | undefined;

buildDocumentCode(['in-files.ts', 'in-sqlite.ts', 'in-postgres.ts']);
beforeAll(async () => {
  server = await startPostgresServer();
}, 90_000);
afterAll(async () => {
  for (const pool of pools) await pool.end();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens one, as another process would beside those that are open. */
const OPEN: Record<string, () => Promise<Keeper>> = {
  'in-files.ts': async () => (await load('in-files.ts')).keepInFiles?.(folder, EMPTY) as Keeper,
  'in-sqlite.ts': async () => (await load('in-sqlite.ts')).keepInSqlite?.(join(folder, 'stores.db'), EMPTY) as Keeper,
  async 'in-postgres.ts'() {
    const pool = (server as PostgresServer).createPool();
    pools.push(pool);
    return (await load('in-postgres.ts')).keepInPostgres?.(pool, EMPTY) as Promise<Keeper>;
  },
};

function load(name: string): Promise<Record<string, ((...args: unknown[]) => unknown) | undefined>> {
  return import(pathOf(name));
}

function next(version: number, state: unknown = STATE): NextState<unknown> {
  return { state, version, recent: [{ id: `${version}`, version }] };
}

describe.each(Object.entries(OPEN))('%s of the document', (_, open) => {
  test('begins at version 0 with what is empty', async () => {
    expect(await (await open()).load('none')).toEqual({ state: EMPTY, version: 0 });
  });

  test('keeps all three, in their order, for whoever opens it next', async () => {
    expect(await (await open()).save('kept', next(1), 0)).toBe(true);
    const loaded = await (await open()).load('kept');
    expect(loaded).toEqual(next(1));
    expect(JSON.stringify(loaded.state)).toBe(JSON.stringify(STATE));
  });

  test('keeps names apart, whatever is in them', async () => {
    const keeper = await open();
    for (const name of ['../x', 'x', "x'; --", 'X/ü']) expect(await keeper.save(name, next(1, { name }), 0)).toBe(true);
    expect((await keeper.load('../x')).state).toEqual({ name: '../x' });
    expect((await keeper.load("x'; --")).state).toEqual({ name: "x'; --" });
  });

  test('does not save over a version that it was not told of', async () => {
    const keeper = await open();
    expect(await keeper.save('late', next(1), 0)).toBe(true);
    expect(await keeper.save('late', next(1, 'again'), 0)).toBe(false);
    expect(await keeper.save('late', next(2), 1)).toBe(true);
    expect(await keeper.save('late', next(2, 'again'), 1)).toBe(false);
    expect(await keeper.load('late')).toEqual(next(2));
  });
});

test.each(['in-sqlite.ts', 'in-postgres.ts'])('%s of the document lets one of two writers win', async (name) => {
  const keepers = [await OPEN[name]?.(), await OPEN[name]?.()] as Keeper[];
  for (let version = 0; version < 20; version++) {
    const saved = await Promise.all(
      keepers.map(async (keeper, i) => keeper.save('raced', next(version + 1, `by ${i}`), version)),
    );
    expect(saved.filter(Boolean)).toHaveLength(1);
  }
  expect((await keepers[0]?.load('raced'))?.version).toBe(20);
});

test('in-postgres.ts of the document has what it saved when its server fell and is back', async () => {
  const keeper = (await OPEN['in-postgres.ts']?.()) as Keeper;
  await keeper.save('restarted', next(1), 0);
  await server?.restart();
  expect(await keeper.load('restarted')).toEqual(next(1));
}, 90_000);
