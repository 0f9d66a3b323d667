import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../../support/fake-clock.ts';
import { nextTurn, until } from '../../support/until.ts';
import { createHeldBroker } from '../held-broker.ts';
import { add, createDatabase, startWeb } from './fixture.ts';

const refusedAs = (code: string) => ({ refused: { code, message: expect.any(String) } });

describe('an action', () => {
  test('is saved with the next version, and told to followers as a patch', async () => {
    const web = startWeb();
    expect(await web.act(add('1', ' x '))).toEqual([{ version: 1 }]);
    expect(web.database.rows.get('a')).toEqual({
      state: { texts: ['x'] },
      version: 1,
      recent: [{ id: '1', version: 1 }],
    });
    expect(await web.news()).toEqual([
      { from: 0, to: 1, patch: [{ op: 'add', path: '/texts/0', value: 'x' }], actions: ['1'] },
    ]);
  });

  test('is one save with those that it came with', async () => {
    const web = startWeb();
    expect(await web.act(add('1', 'x'), add('2', 'y'))).toEqual([{ version: 1 }, { version: 1 }]);
    expect(web.database.saves).toBe(1);
    expect(await web.news()).toMatchObject([{ from: 0, to: 1, actions: ['1', '2'] }]);
  });

  test('that is said again is applied once, answered as before, and told in case nobody heard', async () => {
    const web = startWeb();
    await web.act(add('1', 'x'));
    const other = startWeb({ database: web.database, broker: startWeb().flow.broker }); // a broker that never heard of it
    expect(await other.act(add('1', 'x'))).toEqual([{ version: 1 }]);
    expect(await other.news()).toEqual([{ from: null, to: 1 }]);
    expect(await web.act(add('1', 'x'))).toEqual([{ version: 1 }]);
    expect(web.database.rows.get('a')?.state.texts).toEqual(['x']);
    expect(await web.news()).toHaveLength(1); // who heard is not told twice: the key is the same
  });

  test('that comes twice in one list is applied once', async () => {
    const web = startWeb();
    expect(await web.act(add('1', 'x'), add('1', 'x'))).toEqual([{ version: 1 }, { version: 1 }]);
    expect(web.database.rows.get('a')?.state.texts).toEqual(['x']);
  });

  test('that changes nothing is not saved, and answered with the version that is there', async () => {
    const web = startWeb();
    await web.act(add('1', 'x'));
    expect(await web.act({ id: '2', name: 'remove', input: 'nothing' })).toEqual([{ version: 1 }]);
    expect(web.database.saves).toBe(1);
    expect(await web.news()).toHaveLength(1);
  });

  test.each([
    ['its name is unknown', { id: '1', name: 'constructor', input: 'x' }, 'unknown-action'],
    ['its input is invalid', add('1', 'x'.repeat(101)), 'invalid-input'],
    ['its reducer throws', add('1', 'throw'), 'failed'],
  ])('is refused where %s, and what it came with is not', async (_, action, code) => {
    const web = startWeb();
    expect(await web.act(action, add('2', 'y'))).toEqual([refusedAs(code), { version: 1 }]);
    expect(web.database.rows.get('a')?.state.texts).toEqual(['y']);
  });

  test('that its reducer refused is told in its own words', async () => {
    const answers = await startWeb().act(add('1', 'throw'));
    expect(answers).toEqual([{ refused: { code: 'failed', message: 'no such text' } }]);
  });

  test('of one user is not done in the name of another', async () => {
    const web = startWeb();
    const body = { log: 'store/list/a', user: 'ada', actions: [add('1', 'x')] };
    expect((await web.post('actions', body, 'bob')).status).toBe(409);
    expect(web.database.saves).toBe(0);
    expect((await web.post('actions', body, 'ada')).status).toBe(200);
  });

  test('is refused to whom `allow` refuses it', async () => {
    const web = startWeb({ allow: (_, __, action) => action !== 'remove' });
    expect(await web.act({ id: '1', name: 'remove', input: 'x' })).toEqual([refusedAs('not-allowed')]);
  });

  test('that said again can not be told from a new one is refused, not applied twice', async () => {
    const web = startWeb();
    await web.act(add('first', 'x', 0));
    for (let i = 0; i < 50; i++) await web.act(add(`${i}`, 'y'));
    expect(await web.act(add('first', 'x', 0))).toEqual([refusedAs('forgotten')]);
    expect(web.database.rows.get('a')?.state.texts.filter((text) => text === 'x')).toHaveLength(1);
  });

  test('that was never said is taken from whoever knows a version that is remembered', async () => {
    const web = startWeb();
    for (let i = 0; i < 60; i++) await web.act(add(`${i}`, 'y'));
    expect(await web.act(add('late', 'x', 11))).toEqual([{ version: 61 }]);
  });

  test('whose patch is too large for an entry is told without it', async () => {
    const web = startWeb();
    await web.act({ id: '1', name: 'fill', input: 300 });
    expect(await web.news()).toEqual([{ from: null, to: 1 }]);
  });

  test('runs again on the newer state when someone was faster', async () => {
    const database = createDatabase();
    let wasFaster = false;
    const web = startWeb({
      database,
      save(save) {
        if (!wasFaster) database.rows.set('a', { state: { texts: ['faster'] }, version: 1, recent: [] });
        wasFaster = true;
        return save();
      },
    });
    expect(await web.act(add('1', 'x'))).toEqual([{ version: 2 }]);
    expect(database.rows.get('a')?.state.texts).toEqual(['faster', 'x']);
  });

  test('is given up with 503 after 20 saves that came too late, and an event says so', async () => {
    const web = startWeb({ save: () => false });
    const response = await web.post('actions', { log: 'store/list/a', actions: [add('1', 'x')] });
    expect(response.status).toBe(503);
    expect(web.database.loads).toBe(20);
    expect(web.events).toEqual([
      {
        type: 'store-failed',
        log: 'store/list/a',
        error: expect.objectContaining({ message: expect.stringContaining('20 saves') }),
      },
    ]);
  });

  test('waits for the one before it, so that one process never conflicts with itself', async () => {
    const web = startWeb({ save: async (save) => nextTurn().then(save) });
    await Promise.all(Array.from({ length: 30 }, (_, i) => web.act(add(`${i}`, `${i}`))));
    expect(web.database.rows.get('a')?.version).toBe(30);
    expect(web.database.loads).toBe(30);
  });

  test('of the app itself asks nobody, and checks its input', async () => {
    const web = startWeb({ allow: () => false });
    const lists = web.flow.store('list/:id');
    expect(await lists.dispatch({ id: 'a' }, 'add', 'x')).toEqual({ version: 1 });
    expect(await lists.dispatch({ id: 'a' }, 'add', 'x'.repeat(101))).toEqual(refusedAs('invalid-input'));
    await expect(lists.dispatch({ id: 'none' }, 'add', 'x')).rejects.toThrow(RangeError);
  });

  test('of the app itself that nobody awaits does not end the process', async () => {
    const web = startWeb({ load: () => Promise.reject(new Error('away')) });
    void web.flow.store('list/:id').dispatch({ id: 'a' }, 'add', 'x');
    await until(() => web.events.some(({ type }) => type === 'store-failed'), 'the report');
  });
});

test('what changed by other means is told by `changed`', async () => {
  const web = startWeb();
  web.database.rows.set('a', { state: { texts: ['z'] }, version: 7 });
  await web.flow.store('list/:id').changed({ id: 'a' });
  expect(await web.news()).toEqual([{ from: null, to: 7 }]);
});

describe('where the app fails', () => {
  const never = () => new Promise<never>(() => {});

  test.each([
    ['load throws', { load: () => Promise.reject(new Error('away')) }],
    [
      'load gives a version that is text',
      { load: () => ({ state: { texts: [] }, version: '1' as unknown as number }) },
    ],
    ['load gives a state that is text', { load: () => ({ state: '{}' as unknown as { texts: [] }, version: 1 }) }],
    ['save throws', { save: () => Promise.reject(new Error('away')) }],
    ['save says nothing', { save: () => undefined as unknown as boolean }],
    ['allow throws', { allow: () => Promise.reject(new Error('away')) }],
  ])('%s: 503, and an event', async (_, options) => {
    const web = startWeb(options);
    const response = await web.post('actions', { log: 'store/list/a', actions: [add('1', 'x')] });
    expect(response.status).toBe(503);
    expect(web.events).toMatchObject([{ type: 'store-failed', log: 'store/list/a' }]);
    expect(await web.news()).toEqual([]);
  });

  test.each(['load', 'save', 'allow'])(
    '%s never answers: 503 after 10 s, and the next request is served',
    async (name) => {
      const clock = createFakeClock();
      let stuck: string | undefined = name;
      const web = startWeb({
        clock,
        load: (database, id) => (stuck === 'load' ? never() : structuredClone(database.rows.get(id))),
        save: (save) => (stuck === 'save' ? never() : save()),
        allow: () => (stuck === 'allow' ? never() : true),
      });
      const response = web.post('actions', { log: 'store/list/a', actions: [add('1', 'x')] });
      await until(() => clock.timerCount > 0, 'the question');
      await nextTurn();
      clock.advance(10_000);
      expect((await response).status).toBe(503);
      stuck = undefined;
      expect(await web.act(add('2', 'y'))).toEqual([{ version: 1 }]);
    },
  );

  test('too many requests wait for one store: 503', async () => {
    const clock = createFakeClock();
    const web = startWeb({ clock, load: never });
    const all = Array.from({ length: 102 }, (_, i) =>
      web.post('actions', { log: 'store/list/a', actions: [add(`${i}`, 'x')] }),
    );
    const last = await all[101];
    expect(last?.status).toBe(503);
    clock.advance(10_000);
    expect((await Promise.all(all)).every(({ status }) => status === 503)).toBe(true);
  });
});

test('news that the broker did not take is told again, without a patch', async () => {
  const clock = createFakeClock();
  const { broker, held } = createHeldBroker();
  const web = startWeb({ clock, broker });
  expect(await web.act(add('1', 'x'))).toEqual([{ version: 1 }]);
  held[0]?.fail(new Error('away'));
  await nextTurn();
  clock.advance(1_000);
  await held[1]?.answer();
  expect(held.map(({ entry }) => entry.key)).toEqual(['1', '1']);
  expect(await web.news()).toEqual([{ from: null, to: 1 }]);
});

test('news of 1,000 stores waits to be told again, and no more', async () => {
  const clock = createFakeClock();
  const { broker, held } = createHeldBroker();
  const web = startWeb({ clock, broker, load: () => ({ state: { texts: [] }, version: 1 }) });
  for (let i = 0; i <= 1_000; i++) void web.flow.store('list/:id').changed({ id: `${i}` });
  await until(() => held.length === 1_001, 'all of it to be told');
  function failAll(): void {
    for (const { fail } of held.splice(0)) fail(new Error('away'));
  }
  failAll();
  await nextTurn();
  clock.advance(1_000);
  await nextTurn();
  expect(held.length).toBe(1_000);
  failAll(); // or the flow waits for them to be closed
});

test('news that was not taken is not told again once the flow is closed', async () => {
  const clock = createFakeClock();
  const { broker, held } = createHeldBroker();
  const web = startWeb({ clock, broker });
  await web.act(add('1', 'x'));
  held[0]?.fail(new Error('away'));
  await nextTurn();
  await web.flow.close();
  expect(clock.timerCount).toBe(0);
});
