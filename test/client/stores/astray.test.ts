import type { Client } from 'message-flow/client';
import type { ClientStore, StoreView } from 'message-flow/client/stores';
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
});
