import { describe, expect, test } from 'vitest';
import { readErrorCode } from '../fixture.ts';
import { add, createDatabase, startWeb } from './fixture.ts';

/** Who asks for what, and the answer. */
const REFUSED: readonly [string, string, string, number, string][] = [
  ['nobody is signed in', 'store/list/a', '', 401, 'signed-out'],
  ['the user may not read it', 'store/list/a', 'bob', 403, 'not-allowed'],
  ['nobody serves it', 'store/unserved', 'ada', 403, 'not-allowed'],
  ['the contract has none such', 'store/other/a', 'ada', 403, 'not-allowed'],
  ['it is a channel', 'channel/list/a', 'ada', 403, 'not-allowed'],
  ['the name is not canonical', 'store/list/%61', 'ada', 403, 'not-allowed'],
  ['there is none', 'store/list/none', 'ada', 404, 'not-found'],
];

describe('a snapshot', () => {
  test('has the state, its version, the last actions, and where to follow from', async () => {
    const web = startWeb();
    await web.act(add('1', 'x'));
    const { at } = await web.snapshot();
    expect(await web.snapshot()).toEqual({
      state: { texts: ['x'] },
      version: 1,
      recent: [{ id: '1', version: 1 }],
      at: expect.stringMatching(/:1:/),
    });
    await web.act(add('2', 'y'));
    const { entries } = await web.flow.broker.read('store/list/a' as never, at, 10);
    expect(entries.map(({ data }) => JSON.parse(data).to)).toEqual([2]);
  });

  test('takes the position before the state, so that what is saved meanwhile comes after it', async () => {
    const database = createDatabase();
    const web = startWeb({ database });
    const racing = startWeb({
      database,
      broker: web.flow.broker,
      async load(rows, id) {
        const row = structuredClone(rows.rows.get(id));
        await web.act(add('1', 'x'));
        return row;
      },
    });
    const { version, at } = await racing.snapshot();
    expect(version).toBe(0);
    const { entries } = await web.flow.broker.read('store/list/a' as never, at, 10);
    expect(entries.map(({ data }) => JSON.parse(data).to)).toEqual([1]);
  });

  test.each(REFUSED)('is refused where %s', async (_, log, user, status, code) => {
    const web = startWeb({ allow: (user) => user === 'ada' });
    const response = await web.post('snapshot', { log }, user);
    expect([response.status, await readErrorCode(response)]).toEqual([status, code]);
  });

  test.each(REFUSED)('actions are refused whole where %s', async (_, log, user, status, code) => {
    const web = startWeb({ allow: (user, _, action) => user === 'ada' || action === 'add' });
    const response = await web.post('actions', { log, actions: [add('1', 'x')] }, user);
    expect([response.status, await readErrorCode(response), web.database.saves]).toEqual([status, code, 0]);
  });

  test.each(['snapshot', 'actions'])('%s is not for another site, a form, or a wrong body', async (route) => {
    const web = startWeb();
    const status = async (body: unknown, headers?: Record<string, string>) =>
      (await web.post(route, body, 'ada', headers)).status;
    expect(await status({ log: 'store/list/a' }, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await status({ log: 'store/list/a' }, { 'content-type': 'text/plain' })).toBe(415);
    expect(await status('{')).toBe(400);
    expect(await status({ log: 7 })).toBe(400);
    expect(await status({ log: 'x'.repeat(70_000) })).toBe(413);
  });

  test.each([
    ['no list', {}],
    ['none', []],
    ['too many', Array.from({ length: 51 }, (_, i) => add(`${i}`, 'x'))],
    ['an empty id', [add('', 'x')]],
    ['a long id', [add('x'.repeat(65), 'x')]],
    ['no name', [{ id: '1' }]],
    ['a version that is text', [{ id: '1', name: 'add', since: '1' }]],
    ['null', [null]],
  ])('actions that are %s are a 400', async (_, actions) => {
    const web = startWeb();
    expect((await web.post('actions', { log: 'store/list/a', actions })).status).toBe(400);
    expect(web.database.saves).toBe(0);
  });
});

describe('a token', () => {
  test('lists the stores that its user may read, and names the others', async () => {
    const web = startWeb({ allow: (_, id) => id === 'a' });
    const response = await web.post('token', { logs: ['store/list/a', 'store/list/b', 'store/unserved'] });
    const { at, refused } = (await response.json()) as { at: object; refused: string[] };
    expect(Object.keys(at)).toContain('store/list/a');
    expect(refused).toEqual(['store/list/b', 'store/unserved']);
  });

  test('is a 503 while the rule of a store throws', async () => {
    const web = startWeb({ allow: () => Promise.reject(new Error('away')) });
    expect((await web.post('token', { logs: ['store/list/a'] })).status).toBe(503);
  });
});

describe('the snapshot of a page', () => {
  test('has positions and the states that its user may read', async () => {
    const web = startWeb({ allow: (_, id) => id === 'a' });
    const snapshot = await web.flow.snapshot(
      { user: 'ada' },
      {
        stores: [
          ['list/:id', { id: 'a' }],
          ['list/:id', { id: 'b' }],
        ],
      },
    );
    expect(Object.keys(snapshot.at).sort()).toEqual(['everyone', 'user/ada']);
    expect(Object.keys(snapshot.stores)).toEqual(['store/list/a']);
    expect(snapshot.stores['store/list/a']).toMatchObject({ state: { texts: [] }, version: 0, recent: [] });
  });

  test('has the places of the channels that it names, so that what is sent after it comes after them', async () => {
    const { flow } = startWeb();
    const room = flow.channel('room/:roomId', { roomId: '7' });
    const { at } = await room.send('knock', 'before');
    const snapshot = await flow.snapshot({ user: 'ada' }, { channels: [['room/:roomId', { roomId: '7' }]] });
    await room.send('knock', 'after');
    expect(snapshot.at['channel/room/7']).toBe(at);
  });

  test('rejects while a database is away', async () => {
    const web = startWeb({ load: () => Promise.reject(new Error('away')) });
    const taken = web.flow.snapshot({ user: 'ada' }, { stores: [['list/:id', { id: 'a' }]] });
    await expect(taken).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('a store is served once', () => {
  const web = startWeb();
  const serving = { load: () => undefined, save: () => true, allow: () => true };
  expect(() => web.flow.store('list/:id').serve(serving)).toThrow('it has a rule');
  expect(() => web.flow.store('none' as 'list/:id')).toThrow('no such store');
});
