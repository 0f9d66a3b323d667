import type { Client } from 'message-flow/client';
import { type ClientStore, type StoreView, stores } from 'message-flow/client/stores';
import { store, type } from 'message-flow/contract';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSeededRandom } from '../../simulation/random.ts';
import { type app, createWorld, type List, type list, NO_FAULTS, type World } from './world.ts';

interface Page {
  readonly world: World;
  readonly client: Client<typeof app>;
  readonly store: ClientStore<typeof list>;
  readonly views: StoreView<List>[];
}

async function openPage(world = createWorld(createSeededRandom(1))): Promise<Page> {
  onTestFinished(() => world.close());
  const client = world.openClient();
  const store = client.store('list', {});
  const views: StoreView<List>[] = [];
  store.subscribe(() => views.push(store.get()));
  await world.pass(100);
  return { world, client, store, views };
}

describe('a page whose right to a store ended', () => {
  test('has its pending actions taken back', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    const done = store.dispatch('add', 'x');
    await world.pass(100);
    world.revoke();
    expect(await done).toMatchObject({ refused: { code: 'not-allowed' } });
    expect(store.get()).toMatchObject({ state: { texts: [] }, sync: { pending: 0 } });
  });

  test('is told at once that what it does now is refused', async () => {
    const { world, store } = await openPage();
    world.revoke();
    expect(await store.dispatch('add', 'x')).toMatchObject({ refused: { code: 'not-allowed' } });
  });

  test('has no fault any longer once the backend gave the state that was on its way', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, delayMs: 1_000 };
    await world.tellGap();
    await world.pass(600);
    world.revoke();
    await world.pass(10_000);
    expect(store.get().sync).toMatchObject({ fault: undefined, stale: false });
  });
});

describe('a backend that went astray', () => {
  test.each([
    ['null', null],
    ['a version that is text', { version: '1' }],
    ['a refusal that is text', { refused: 'no' }],
    ['nothing', {}],
  ])('and answers an action with %s is asked again with growing waits', async (_, answer) => {
    const { world, store } = await openPage();
    world.stand = (route) => (route === 'actions' ? { status: 200, body: { answers: [answer] } } : undefined);
    const done = store.dispatch('add', 'x');
    await world.pass(30_000, 100);
    expect(world.asked.actions).toBeLessThan(15);
    world.stand = () => undefined;
    await world.pass(40_000, 100);
    expect(await done).toEqual({ version: 1 });
  });

  test('and gives null for a state is asked again', async () => {
    const world = createWorld(createSeededRandom(1));
    const body = { state: null, version: 3, at: 'e:0:', recent: [] };
    world.stand = (route) => (route === 'snapshot' ? { status: 200, body } : undefined);
    const { store } = await openPage(world);
    expect(store.get()).toMatchObject({ state: undefined, sync: { version: undefined } });
    world.stand = () => undefined;
    await world.pass(5_000);
    expect(store.get().state).toEqual({ texts: [] });
  });

  test('and tells of 70 versions before the one that they go on from is not waited for without a bound', async () => {
    const { world, store } = await openPage();
    const enter = (from: number) => {
      const data = { from, to: from + 1, patch: [{ op: 'add', path: '/texts/-', value: `${from}` }], actions: [] };
      const entry = { key: `${from}`, event: 'store', data: JSON.stringify(data) as never };
      return world.broker.append('store/list' as never, entry);
    };
    for (let from = 1; from <= 70; from++) await enter(from);
    await enter(0);
    expect(store.get().sync.version).toBe(65);
  });

  test.each([408, 429])('or a proxy that says %i, not now, is asked again', async (status) => {
    const { world, store } = await openPage();
    world.stand = (route) => (route === 'actions' ? { status, body: '' } : undefined);
    const done = store.dispatch('add', 'x');
    await world.pass(3_000);
    world.stand = () => undefined;
    await world.pass(10_000);
    expect(await done).toEqual({ version: 1 });
  });
});

describe('an action', () => {
  test('is told from one of another page, though chance is the same for both', async () => {
    const { world, store } = await openPage();
    const pages = [1, 2].map(() => world.openClient({ random: () => 0.5 }).store('list', {}));
    const done = pages.map((page, i) => page.dispatch('add', `${i}`));
    await world.pass(2_000);
    await Promise.all(done);
    expect([...(store.get().state?.texts ?? [])].sort()).toEqual(['0', '1']);
  });

  test('has an id that tells nothing of the next one, so that nobody says that first', async () => {
    const { world, store } = await openPage();
    for (const text of ['x', 'y']) void store.dispatch('add', text);
    await world.pass(1_000);
    const [first = '', second = ''] = world.said.flatMap(({ actions }) => actions.map(({ id }) => id));
    expect(first.length).toBeGreaterThan(20);
    expect(second.split('-').filter((part) => part.length > 3 && first.includes(part))).toEqual([]);
  });

  test('does not blink as stale while its entry comes a moment after its answer', async () => {
    const { world, store, views } = await openPage();
    world.faults = { ...NO_FAULTS, delayMs: 150 };
    const from = views.length;
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      void store.dispatch('add', text);
      await world.pass(2_000, 50);
    }
    expect(store.get().sync).toMatchObject({ version: 8, pending: 0 });
    expect(world.asked.snapshot).toBe(1);
    expect(views.slice(from).filter(({ sync }) => sync.stale)).toEqual([]);
  });

  test('of which a snapshot can not tell whether it has it is not shown twice', async () => {
    const { world, store, views } = await openPage();
    world.isDown = true;
    world.cut();
    world.faults = { ...NO_FAULTS, lostAnswer: 1 };
    const done = store.dispatch('add', 'mine');
    await world.pass(100);
    world.stand = (route) => (route === 'actions' ? { status: 503, body: '' } : undefined);
    world.faults = NO_FAULTS;
    for (let i = 0; i < 60; i++) await world.flows[0]?.store('list').dispatch({}, 'add', `${i}`);
    world.isDown = false;
    await world.pass(20_000, 100);
    world.stand = () => undefined;
    await world.pass(60_000, 500);
    expect(await done).toMatchObject({ refused: { code: 'forgotten' } });
    expect(views.map(({ state }) => state?.texts.filter((text) => text === 'mine').length)).not.toContain(2);
    expect(store.get()).toMatchObject({ state: world.row?.state, sync: { version: 61, pending: 0, stale: false } });
  });

  test('that a lagging backend does not show yet is stale until it does', async () => {
    const { world, store, views } = await openPage();
    const lagging = { state: { texts: [] }, version: 0, at: 'e:0:', recent: [] };
    world.stand = (route) => (route === 'snapshot' ? { status: 200, body: lagging } : undefined);
    await world.broker.append('store/list' as never, {
      key: '1',
      event: 'store',
      data: '{"from":null,"to":1}' as never,
    });
    await world.pass(1_000);
    const from = views.length;
    await world.pass(20_000, 100);
    expect(store.get().sync).toMatchObject({ version: 0, stale: true });
    expect(views.length).toBe(from);
    world.stand = () => undefined;
    await world.flows[0]?.store('list').dispatch({}, 'add', 'x');
    await world.pass(40_000, 200);
    expect(store.get().sync).toMatchObject({ version: 1, stale: false });
  });

  test('without an input has none anywhere, so that a default and an optional schema do what they say', async () => {
    const { world } = await openPage();
    const optional = store('list', type<List>()).actions((on) => ({
      add: on(type<string | undefined>(), (draft, text = 'a default') => draft.texts.push(text)),
    }));
    const page = world.openClient({ use: [stores([optional])] }).store('list', {});
    page.subscribe(() => {});
    await world.pass(100);
    void page.dispatch('add', undefined as never);
    expect(page.get().state?.texts).toEqual(['a default']);
    expect(world.said[0]?.actions[0]).not.toHaveProperty('input');
  });

  test('of a long name shares a request with no more than a backend reads', async () => {
    const { world } = await openPage();
    const name = 'n'.repeat(128);
    const long = store('list', type<List>()).actions((on) => ({ [name]: on(type<string>(), () => {}) }));
    const page = world.openClient({ use: [stores([long])] }).store('list', {});
    const done = Array.from({ length: 60 }, () => page.dispatch(name as 'add', 'x'.repeat(1_170)));
    await world.pass(10_000, 100);
    // The backend read it, and has none of this name.
    for (const one of done) expect(await one).toMatchObject({ refused: { code: 'unknown-action' } });
  });
});

test('a snapshot that leaves a store out, as its user may not read it, leaves the store to be fetched', async () => {
  const world = createWorld(createSeededRandom(1));
  onTestFinished(() => world.close());
  const store = world.openClient().store('list', {});
  store.hydrate(undefined);
  store.subscribe(() => {});
  await world.pass(100);
  expect(store.get().state).toEqual({ texts: [] });
});

test('what one user did and was refused is not shown to the next', async () => {
  const { world, store } = await openPage();
  world.allow = (_, action) => action === undefined;
  void store.dispatch('add', 'a secret');
  await world.pass(500);
  expect(store.get().sync.rolledBack?.input).toBe('a secret');
  world.user = 'bob';
  world.askForToken();
  await world.pass(1_000);
  expect(store.get().sync.rolledBack).toBeUndefined();
});
