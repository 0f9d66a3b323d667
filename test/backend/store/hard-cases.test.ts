import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../../support/fake-clock.ts';
import { nextTurn, until } from '../../support/until.ts';
import { add, createDatabase, startWeb } from './fixture.ts';

describe('an action that was applied, and is said again', () => {
  test('is answered as before by a rule that would refuse it by now, as one vote a user', async () => {
    const database = createDatabase();
    const web = startWeb({ database, allow: (_, __, action) => !action || database.saves === 0 });
    expect(await web.act(add('1', 'x'))).toEqual([{ version: 1 }]);
    expect(await web.act(add('1', 'x'))).toEqual([{ version: 1 }]);
    expect(await web.act(add('2', 'y'))).toMatchObject([{ refused: { code: 'not-allowed' } }]);
  });

  test('is answered as before by a server that has no such action by now', async () => {
    const web = startWeb();
    await web.act(add('1', 'x'));
    expect(await web.act({ id: '1', name: 'gone', input: 'x' })).toEqual([{ version: 1 }]);
  });
});

test('fifty actions take a slow rule no longer than one, so that they do not fail together for ever', async () => {
  const clock = createFakeClock();
  const allow = (_: string, __: string, action?: string) =>
    action ? new Promise<boolean>((resolve) => clock.after(1_000, () => resolve(true))) : true;
  const web = startWeb({ clock, allow });
  const answered = web.act(...Array.from({ length: 50 }, (_, i) => add(`${i}`, 'x')));
  await until(() => clock.timerCount > 1, 'the rule');
  for (let i = 0; i < 5; i++) await nextTurn();
  clock.advance(1_000);
  expect(new Set(await answered)).toEqual(new Set(Array.from({ length: 50 }, () => ({ version: 1 }))));
});

test('an input of which there is no JSON is refused, not asked for again and again', async () => {
  const web = startWeb();
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const body = `{"log":"store/list/a","actions":[{"id":"1","name":"remove","input":${deep}},{"id":"2","name":"add","input":"y"}]}`;
  const response = await web.post('actions', body);
  expect(await response.json()).toMatchObject({ answers: [{ refused: { code: 'invalid-input' } }, { version: 1 }] });
});

test('who may only read keeps no writer waiting, however much is asked for and refused', async () => {
  let save: (() => void) | undefined;
  const web = startWeb({
    allow: (user, _, action) => user === 'ada' || !action,
    save: (write) =>
      new Promise((resolve) => {
        save = () => resolve(write());
      }),
  });
  const first = web.act(add('1', 'x'));
  await until(() => save, 'the save');
  const body = { log: 'store/list/a', actions: [add('2', 'y')] };
  const refused = await Promise.all(Array.from({ length: 120 }, () => web.post('actions', body, 'bob')));
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([200]));
  save?.();
  expect(await first).toEqual([{ version: 1 }]);
});

describe('load that gives `recent`', () => {
  test.each([
    ['as text, as a driver may', '[{"id":"1","version":1}]'],
    ['as an object', {}],
  ])('%s is told so, as it would make no action one', async (_, recent) => {
    const web = startWeb({ load: () => ({ state: { texts: [] }, version: 1, recent: recent as never }) });
    expect((await web.post('actions', { log: 'store/list/a', actions: [add('1', 'x')] })).status).toBe(503);
    expect((await web.post('snapshot', { log: 'store/list/a' })).status).toBe(503);
    expect(web.database.saves).toBe(0);
    expect(web.events[0]).toMatchObject({ error: { message: expect.stringContaining('recent is') } });
  });

  test('as null is taken for none', async () => {
    const web = startWeb({ load: (database) => ({ ...database.rows.get('a'), recent: null }) as never });
    expect(await web.act(add('1', 'x'))).toEqual([{ version: 1 }]);
  });
});

describe('a flow that is closed', () => {
  test('saves nothing more, of which it could tell nobody: the page asks another', async () => {
    const web = startWeb();
    await web.flow.close();
    const response = await web.post('actions', { log: 'store/list/a', actions: [add('1', 'x')] });
    expect(response.status).toBe(503);
    await expect(web.flow.store('list/:id').dispatch({ id: 'a' }, 'add', 'x')).rejects.toMatchObject({
      code: 'closed',
    });
    expect(web.database.saves).toBe(0);
  });

  test('has told of what was being saved', async () => {
    let save: (() => void) | undefined;
    const web = startWeb({
      save: (write) =>
        new Promise((resolve) => {
          save = () => resolve(write());
        }),
    });
    const [first, second] = [
      web.act(add('1', 'x')),
      web.post('actions', { log: 'store/list/a', actions: [add('2', 'y')] }),
    ];
    await until(() => save, 'the save');
    const closed = web.flow.close();
    await nextTurn();
    save?.();
    await closed;
    expect(await first).toEqual([{ version: 1 }]);
    expect((await second).status).toBe(503);
    expect(await web.news()).toMatchObject([{ from: 0, to: 1, actions: ['1'] }]);
  });
});

test('a token is a 503 after 10 s while the rule of a store never answers', async () => {
  const clock = createFakeClock();
  const web = startWeb({ clock, allow: () => new Promise<never>(() => {}) });
  const response = web.post('token', { logs: ['store/list/a'] });
  await until(() => clock.timerCount > 0, 'the question');
  for (let i = 0; i < 5; i++) await nextTurn();
  clock.advance(10_000);
  expect((await response).status).toBe(503);
});

describe('the app itself', () => {
  test('is told at once of a parameter that is missing, though it awaits nothing', () => {
    const lists = startWeb().flow.store('list/:id');
    expect(() => lists.changed({ id: '' })).toThrow(RangeError);
    expect(() => lists.dispatch({} as { id: string }, 'add', 'x')).toThrow(RangeError);
  });

  test.each([
    ['throws', () => Promise.reject(new Error('away')), 0],
    ['never answers', () => new Promise<never>(() => {}), 10_000],
  ])('is told, and an event says, that a schema %s', async (_, validate, ms) => {
    const clock = createFakeClock();
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const;
    const web = startWeb({ clock, inputs: { remove: schema } });
    const done = web.flow.store('list/:id').dispatch({ id: 'a' }, 'remove', 'x');
    await nextTurn();
    clock.advance(ms);
    await expect(done).rejects.toMatchObject({ code: 'unavailable' });
    expect(web.events).toMatchObject([{ type: 'store-failed', log: 'store/list/a' }]);
  });
});
