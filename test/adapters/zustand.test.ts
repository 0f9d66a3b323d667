import { feedStore, toZustand } from 'message-flow/adapters/zustand';
import { expect, onTestFinished, test } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { openBoardRing } from '../react/board-ring.ts';
import { openRing, say } from '../testing/open-ring.ts';

/** Opens a page of ada whose zustand store holds what was said. */
async function openPage() {
  const ring = openRing();
  const page = ring.page('ada');
  const store = createStore(() => ({ story: [] as unknown[], title: 'kept' }));
  let changes = 0;
  store.subscribe(() => changes++);
  const stop = feedStore({
    client: page.client,
    store,
    events: {
      said(state, n) {
        if (n === 13) throw new Error('an unlucky number');
        return { story: [...state.story, n] };
      },
    },
    onGap: ({ reason }) => store.setState(({ story }) => ({ story: [...story, reason] })),
  });
  onTestFinished(stop);
  await ring.settle();
  return { ring, page, store, stop, changes: () => changes };
}

test('what comes between two frames is one change', async () => {
  const { ring, store, changes } = await openPage();
  await say(ring, 'ada', 1, 3);
  await ring.settle();
  expect([store.getState(), changes()]).toEqual([{ story: [1, 2, 3], title: 'kept' }, 1]);
});

test('more than wait for one frame are in the store all the same', async () => {
  const { ring, store } = await openPage();
  await say(ring, 'ada', 100, 1_099);
  await ring.settle();
  expect(store.getState().story.length).toBe(1_000);
});

test('a gap is told in its place', async () => {
  const { ring, page, store } = await openPage();
  await say(ring, 'ada', 1);
  await ring.settle();
  await page.drop(60_000);
  await say(ring, 'ada', 2);
  await ring.trim();
  await say(ring, 'ada', 3);
  await ring.advance(90_000);
  expect(store.getState().story).toEqual([1, 'trimmed', 3]);
});

test('an update that throws goes to onError, and the others are made', async () => {
  const { ring, page, store } = await openPage();
  const failures: string[] = [];
  page.client.onError(({ error }) => failures.push(String(error)));
  await say(ring, 'ada', 12, 14);
  await ring.settle();
  expect([store.getState().story, failures]).toEqual([[12, 14], ['Error: an unlucky number']]);
});

test('what a listener of the store throws goes to onError', async () => {
  const { ring, page, store } = await openPage();
  const failures: string[] = [];
  page.client.onError(({ error }) => failures.push(String(error)));
  store.subscribe(() => {
    throw new Error('a component that broke');
  });
  await say(ring, 'ada', 1, 3);
  await ring.settle();
  expect([store.getState().story, failures]).toEqual([[1, 2, 3], ['Error: a component that broke']]);
});

test('what was stopped hears no more', async () => {
  const { ring, store, stop } = await openPage();
  stop();
  await say(ring, 'ada', 1);
  await ring.settle();
  expect(store.getState().story).toEqual([]);
});

test('a store of the backend is one of zustand, to read', async () => {
  const { ring } = openBoardRing();
  const followed = ring.page('ada').client.store('board/:boardId', { boardId: 'b1' });
  const store = toZustand(followed);
  const titles: (string | undefined)[] = [];
  onTestFinished(store.subscribe(({ state }, former) => titles.push(`${former.state?.order} ${state?.order}`)));
  await ring.settle();
  void followed.dispatch('add', { id: 'a', title: 'tea' });
  await ring.settle();
  expect(store.getState().state?.cards.a?.title).toBe('tea');
  expect([titles[0], titles.at(-1)]).toEqual(['undefined ', 'a a']);
});

test('its initial state stays what it was, so that a part of a page which is hydrated late is what its server rendered', async () => {
  const { ring } = openBoardRing();
  const store = toZustand(ring.page('ada').client.store('board/:boardId', { boardId: 'b1' }));
  const initial = store.getInitialState();
  onTestFinished(store.subscribe(() => {}));
  await ring.settle();
  expect([store.getInitialState() === initial, store.getState() === initial]).toEqual([true, false]);
});
