import type { Client } from 'message-flow/client';
import { type ClientStore, createSnapshotView, type StoreView } from 'message-flow/client/stores';
import type { StoreSnapshot } from 'message-flow/contract';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSeededRandom } from '../../simulation/random.ts';
import { createFakePage } from '../fake-page.ts';
import { type app, createWorld, type List, type list, NO_FAULTS, type World } from './world.ts';

interface Page {
  readonly world: World;
  readonly client: Client<typeof app>;
  readonly store: ClientStore<typeof list>;
  /** What was shown after each call of the listener. */
  readonly views: StoreView<List>[];
}

function openWorld(): World {
  const world = createWorld(createSeededRandom(1));
  onTestFinished(() => world.close());
  return world;
}

/** A page that follows the list, live. */
async function openPage(world = openWorld()): Promise<Page> {
  const client = world.openClient();
  const store = client.store('list', {});
  const views: StoreView<List>[] = [];
  store.subscribe(() => views.push(store.get()));
  await world.pass(100);
  return { world, client, store, views };
}

function textsOf({ get }: ClientStore<typeof list>): readonly string[] | undefined {
  return get().state?.texts;
}

async function takeSnapshot(world: World): Promise<StoreSnapshot<List>> {
  const { stores } = (await world.flows[0]?.snapshot({ user: 'ada' }, { stores: [['list', {}]] })) ?? {};
  return stores?.['store/list'] as StoreSnapshot<List>;
}

describe('a store', () => {
  test('is fetched once, then followed', async () => {
    const { world, store } = await openPage();
    expect(store.get()).toEqual({
      state: { texts: [] },
      sync: { version: 0, pending: 0, stale: false, rolledBack: undefined, fault: undefined },
    });
    await world.flows[1]?.store('list').dispatch({}, 'add', 'x');
    await world.pass(100);
    expect(textsOf(store)).toEqual(['x']);
    expect(world.asked.snapshot).toBe(1);
  });

  test('that nobody subscribed to is not fetched, and no connection is made', async () => {
    const world = openWorld();
    expect(world.openClient().store('list', {}).get().state).toBeUndefined();
    await world.pass(100);
    expect(world.asked).toEqual({});
  });

  test('is left a linger after its last listener, and begun anew by the next', async () => {
    const world = openWorld();
    const store = world.openClient().store('list', {});
    const stop = store.subscribe(() => {});
    await world.pass(100);
    stop();
    await world.pass(6_000, 100);
    expect(store.get().state).toBeUndefined();
    world.askForToken();
    await world.pass(100);
    expect(world.wanted).toEqual([]);
    store.subscribe(() => {});
    await world.pass(100);
    expect(textsOf(store)).toEqual([]);
    expect(world.asked.snapshot).toBe(2);
  });

  test('without `use: [stores(…)]` is refused with a word on what is missing', () => {
    const client = openWorld().openClient({ use: [] });
    expect(() => client.store('list', {})).toThrow(TypeError);
  });

  test('leaves no timer behind once its client is closed', async () => {
    const world = openWorld();
    const { client, store } = await openPage(world);
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    void store.dispatch('add', 'x');
    await world.pass(100);
    client.close();
    await world.pass(20_000, 500);
    expect(world.clock.timerCount).toBe(0);
  });

  test('goes on where it was when its client is connected again', async () => {
    const { world, client, store } = await openPage();
    client.close();
    void store.dispatch('add', 'x');
    await world.pass(1_000);
    expect(textsOf(store)).toEqual(['x']);
    expect(store.get().sync.pending).toBe(1);
    client.connect();
    await world.pass(1_000);
    expect(store.get().sync.pending).toBe(0);
  });
});

describe('an action', () => {
  test('is shown in the same call, and confirmed', async () => {
    const { world, store } = await openPage();
    const done = store.dispatch('add', 'x');
    expect(textsOf(store)).toEqual(['x']);
    expect(store.get().sync).toMatchObject({ pending: 1, version: 0 });
    await world.pass(100);
    expect(await done).toEqual({ version: 1 });
    expect(store.get().sync).toMatchObject({ pending: 0, version: 1 });
  });

  test('is run again on what others did meanwhile', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    void store.dispatch('add', 'mine');
    await world.flows[0]?.store('list').dispatch({}, 'add', 'theirs');
    await world.pass(100);
    expect(textsOf(store)).toEqual(['theirs', 'mine']);
  });

  test('that is refused is rolled back, with its reason, and what came after it stays', async () => {
    const { world, store } = await openPage();
    world.allow = (_, action) => action !== 'cut';
    void store.dispatch('add', 'x');
    const refused = store.dispatch('cut', 0);
    void store.dispatch('add', 'y');
    expect(textsOf(store)).toEqual(['y']);
    await world.pass(200);
    expect(textsOf(store)).toEqual(['x', 'y']);
    expect(await refused).toEqual({ refused: { code: 'not-allowed', message: expect.any(String) } });
    expect(store.get().sync.rolledBack).toMatchObject({ name: 'cut', input: 0, code: 'not-allowed' });
  });

  test('goes alone; what is dispatched meanwhile goes as a list, in its order', async () => {
    const { world, store } = await openPage();
    for (const text of ['a', 'b', 'c']) void store.dispatch('add', text);
    await world.pass(200);
    expect(world.said.map(({ actions }) => actions.map(({ input }) => input))).toEqual([['a'], ['b', 'c']]);
    expect(world.row?.state.texts).toEqual(['a', 'b', 'c']);
  });

  test('whose answer is lost is said again with the same id, and applied once', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, lostAnswer: 1 };
    void store.dispatch('add', 'x');
    await world.pass(100);
    world.faults = NO_FAULTS;
    await world.pass(5_000, 100);
    expect(new Set(world.said.flatMap(({ actions }) => actions.map(({ id }) => id))).size).toBe(1);
    expect([textsOf(store), world.row?.state.texts]).toEqual([['x'], ['x']]);
  });

  test('without a listener is done too', async () => {
    const world = openWorld();
    const done = world.openClient().store('list', {}).dispatch('add', 'x');
    await world.pass(200);
    expect(await done).toEqual({ version: 1 });
  });

  test('is refused at once when 100 wait, or it is too large', async () => {
    const { world, store } = await openPage();
    expect(await store.dispatch('add', 'x'.repeat(60_001))).toMatchObject({ refused: { code: 'too-large' } });
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    for (let i = 0; i < 100; i++) void store.dispatch('add', `${i}`);
    expect(await store.dispatch('add', 'x')).toMatchObject({ refused: { code: 'overloaded' } });
  });

  test('that the store has not is a mistake', async () => {
    const { store } = await openPage();
    expect(() => store.dispatch('constructor' as 'add', 'x')).toThrow(RangeError);
  });
});

describe('the state is fetched again', () => {
  test('after a gap', async () => {
    const { world, store } = await openPage();
    world.row = { state: { texts: ['other'] }, version: 5 };
    await world.tellGap();
    expect(store.get().sync.stale).toBe(true);
    await world.pass(1_000);
    expect(store.get()).toMatchObject({ state: { texts: ['other'] }, sync: { version: 5, stale: false } });
  });

  test('when something else than an action changed it', async () => {
    const { world, store } = await openPage();
    world.row = { state: { texts: ['other'] }, version: 5 };
    await world.flows[0]?.store('list').changed({});
    await world.pass(1_000);
    expect(textsOf(store)).toEqual(['other']);
  });

  test.each([
    ['a patch that does not fit', { from: 0, to: 1, patch: [{ op: 'remove', path: '/none' }], actions: [] }],
    ['no news of a store', { hello: true }],
    ['text', 'hello'],
    ['an entry with a hole before it', { from: 4, to: 5, patch: [], actions: [] }],
  ])('after %s', async (_, data) => {
    const { world, store } = await openPage();
    world.row = { state: { texts: ['other'] }, version: 5 };
    await world.broker.append('store/list' as never, { key: 'k', event: 'store', data: JSON.stringify(data) as never });
    await world.pass(1_000);
    expect(textsOf(store)).toEqual(['other']);
    expect(world.asked.snapshot).toBe(2);
  });

  test('never for entries that come in the wrong order, if the one between comes soon', async () => {
    const { world, store } = await openPage();
    const enter = (from: number, value: string) =>
      world.broker.append('store/list' as never, {
        key: `${from}`,
        event: 'store',
        data: JSON.stringify({
          from,
          to: from + 1,
          patch: [{ op: 'add', path: '/texts/-', value }],
          actions: [],
        }) as never,
      });
    await enter(1, 'second');
    await enter(0, 'first');
    await world.pass(1_000);
    expect(textsOf(store)).toEqual(['first', 'second']);
    expect(world.asked.snapshot).toBe(1);
  });
});

describe('who may not', () => {
  test('read it is told so, and asks again with the next listener only', async () => {
    const world = openWorld();
    world.allow = () => false;
    const { store } = await openPage(world);
    expect(store.get().sync.fault).toBe('not-allowed');
    await world.pass(30_000, 500);
    expect(world.asked.snapshot).toBe(1);
    expect(await store.dispatch('add', 'x')).toMatchObject({ refused: { code: 'not-allowed' } });
    world.allow = () => true;
    store.subscribe(() => {});
    await world.pass(200);
    expect(store.get()).toMatchObject({ state: { texts: [] }, sync: { fault: undefined, stale: false } });
  });

  test('find it is told so', async () => {
    const world = openWorld();
    world.row = undefined;
    const { store } = await openPage(world);
    expect(store.get().sync.fault).toBe('not-found');
  });

  test('read it any longer keeps what was shown, stale, and is told why (complaint 6)', async () => {
    const { world, store } = await openPage();
    world.allow = () => false;
    world.revoke();
    expect(store.get()).toMatchObject({ state: { texts: [] }, sync: { stale: true, fault: 'not-allowed' } });
  });

  test('do what another user did does not, though the page has not heard of the change', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    const done = store.dispatch('add', 'of ada');
    await world.pass(100);
    world.faults = NO_FAULTS;
    world.user = 'bob';
    await world.pass(5_000, 100);
    expect(await done).toMatchObject({ refused: { code: 'user-changed' } });
    expect(world.row?.state.texts).toEqual([]);
  });

  test('see what another user saw does not: it is gone with the user, and what was pending with it', async () => {
    const { world, store } = await openPage();
    world.faults = { ...NO_FAULTS, lostRequest: 1 };
    const done = store.dispatch('add', 'of ada');
    world.user = 'bob';
    world.askForToken();
    await world.pass(100);
    expect(await done).toMatchObject({ refused: { code: 'user-changed' } });
    expect(store.get()).toMatchObject({ state: undefined, sync: { pending: 0, version: undefined } });
    world.faults = NO_FAULTS;
    await world.pass(5_000, 100);
    expect(world.row?.state.texts).toEqual([]);
    expect(store.get().sync).toMatchObject({ version: 0, stale: false });
  });
});

describe('what users of other systems complain of', () => {
  test('a phone that wakes finds out that its socket is dead, and shows what it missed (complaint 4)', async () => {
    const world = openWorld();
    const page = createFakePage();
    const store = world.openClient({ page }).store('list', {});
    store.subscribe(() => {});
    await world.pass(100);
    world.abandon();
    await world.flows[0]?.store('list').dispatch({}, 'add', 'x');
    await world.pass(60_000, 500);
    expect(textsOf(store)).toEqual([]);
    page.fire('pageshow', true);
    await world.pass(8_000, 100);
    expect(store.get()).toMatchObject({ state: { texts: ['x'] }, sync: { stale: false } });
  });

  test('screens that must all fetch a state do so at moments of their own (complaint 8)', async () => {
    const world = openWorld();
    const pages = await Promise.all(Array.from({ length: 20 }, () => openPage(world)));
    const { snapshot: before = 0 } = world.asked;
    world.row = { state: { texts: ['other'] }, version: 5 };
    await world.flows[0]?.store('list').changed({});
    const sums = [before];
    while (sums.length < 60) {
      await world.pass(10, 10);
      sums.push(world.asked.snapshot ?? 0);
    }
    expect(pages.map(({ store }) => textsOf(store))).toEqual(Array(20).fill(['other']));
    expect(sums.at(-1)).toBe(before + 20);
    const atOnce = sums.slice(1).map((sum, i) => sum - (sums[i] ?? 0));
    expect(Math.max(...atOnce)).toBeLessThan(6);
  });

  test('nothing is lost between the first fetch and the subscription (complaint 10)', async () => {
    const world = openWorld();
    world.faults = { ...NO_FAULTS, delayMs: 200 };
    const { store } = await openPage(world);
    for (let i = 0; i < 20; i++) {
      void world.flows[i % 2]?.store('list').dispatch({}, 'add', `${i}`);
      await world.pass(60);
    }
    await world.pass(20_000, 100);
    expect([...(textsOf(store) ?? [])].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`).sort());
  });

  test('subscribing twice, as StrictMode does, fetches once, and a view keeps its identity between changes (complaints 7, 20)', async () => {
    const world = openWorld();
    const store = world.openClient().store('list', {});
    store.subscribe(() => {})();
    store.subscribe(() => {});
    await world.pass(200);
    expect(world.asked.snapshot).toBe(1);
    const view = store.get();
    expect(store.get()).toBe(view);
    void store.dispatch('cut', 5); // changes nothing
    expect(store.get().state).toBe(view.state);
    expect(store.get().sync).not.toBe(view.sync);
  });

  test('the state says that it is stale while the connection is away (complaint 11)', async () => {
    const { world, store } = await openPage();
    world.isDown = true;
    world.cut();
    await world.pass(10_000, 100);
    expect(store.get().sync.stale).toBe(true);
  });

  test("a server's snapshot is shown at once and gone on from, without a fetch and without a hole (complaint 12)", async () => {
    const world = openWorld();
    await world.flows[0]?.store('list').dispatch({}, 'add', 'x');
    const snapshot = await takeSnapshot(world);
    await world.flows[0]?.store('list').dispatch({}, 'add', 'y'); // between the page's making and its connection
    expect(createSnapshotView(snapshot)).toMatchObject({ state: { texts: ['x'] }, sync: { version: 1, stale: true } });
    const store = world.openClient().store('list', {});
    store.hydrate(snapshot);
    expect(textsOf(store)).toEqual(['x']);
    store.subscribe(() => {});
    await world.pass(200);
    expect(textsOf(store)).toEqual(['x', 'y']);
    expect(world.asked.snapshot).toBeUndefined();
  });

  test('an action is never shown twice nor missing, whichever comes first, its entry or its answer (complaint 21)', async () => {
    for (const delayMs of [0, 500]) {
      const world = openWorld();
      world.faults = { ...NO_FAULTS, delayMs };
      const { store, views } = await openPage(world);
      await world.pass(2_000);
      void store.dispatch('add', 'x');
      const from = views.length - 1;
      await world.pass(5_000, 50);
      expect(new Set(views.slice(from).map(({ state }) => state?.texts.join()))).toEqual(new Set(['x']));
      expect(store.get().sync.pending).toBe(0);
    }
  });

  test('an action that changes nothing is confirmed (complaint 21)', async () => {
    const { world, store } = await openPage();
    const done = store.dispatch('cut', 5);
    await world.pass(200);
    expect(await done).toEqual({ version: 0 });
    expect(store.get().sync.pending).toBe(0);
  });
});
