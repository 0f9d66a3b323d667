// @vitest-environment happy-dom
import { Activity, act, createRef, Suspense, startTransition, useState } from 'react';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openBoardRing } from './board-ring.ts';
import { BoardView, Boundary, hooks } from './board-view.tsx';
import { openLoneClient } from './lone-client.ts';
import { openScreen } from './screen.ts';

const { FlowProvider } = hooks;
const B1 = { boardId: 'b1' };

/** Opens a ring with a page of ada, and a screen. */
function openPage() {
  const boards = openBoardRing();
  const { client } = boards.ring.page('ada');
  return { boards, ring: boards.ring, client, screen: openScreen() };
}

test('a first state is kept until React shows it, even if nothing lingers', async () => {
  const { ring, screen } = openPage();
  const lone = openLoneClient(ring, 0);
  let answer = () => {};
  lone.gate = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await screen.show(
    <FlowProvider client={lone.client}>
      <Suspense fallback="loading">
        <BoardView boardId="b1" />
      </Suspense>
    </FlowProvider>,
  );
  await act(async () => {
    answer();
    await until(() => lone.client.store('board/:boardId', B1).get().state, 'the first state');
    await ring.advance(20_000); // as React renders when the whole is over
  });
  await act(() => ring.advance(200));
  expect([screen.text, lone.snapshotCount]).toEqual(['b1:  [0]', 1]);
});

test('it is fetched once below a boundary that is above the provider, and so is thrown away with it', async () => {
  const { boards, ring, client, screen } = openPage();
  for (let i = 0; i < 3; i++) {
    await screen.show(
      <Suspense fallback="loading">
        <FlowProvider client={client}>
          <BoardView boardId="b1" />
        </FlowProvider>
      </Suspense>,
    );
  }
  await act(() => ring.settle());
  expect([screen.text, boards.loads]).toEqual(['b1:  [0]', 1]);
});

test('a tree that is gone before its first state came follows nothing 35 s after it', async () => {
  const { boards, ring, client, screen } = openPage();
  const show = (isOpen: boolean) =>
    screen.show(
      <FlowProvider client={client}>
        <Suspense fallback="loading">{isOpen && <BoardView boardId="b1" />}</Suspense>
      </FlowProvider>,
    );
  await show(true);
  await show(false);
  await act(() => ring.advance(35_100));
  expect([boards.loads, client.store('board/:boardId', B1).get().state]).toEqual([1, undefined]);
});

test('an error boundary that is reset asks again', async () => {
  const { boards, ring, client, screen } = openPage();
  console.error = () => {}; // React tells of what a boundary caught
  const boundary = createRef<Boundary>();
  await screen.show(
    <FlowProvider client={client}>
      <Boundary ref={boundary}>
        <Suspense fallback="loading">
          <BoardView boardId="late" />
        </Suspense>
      </Boundary>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  expect(screen.text).toBe('Cannot show "store/board/late": not-found');
  await act(() => ring.advance(1_000));
  boards.rows.set('late', { state: { cards: {}, order: [] }, version: 0 });
  await act(async () => boundary.current?.reset());
  expect(screen.text).toBe('loading');
  await act(() => ring.settle());
  expect(screen.text).toBe('late:  [0]');
});

test('a fault is told however long it is before React renders', async () => {
  const { ring, client, screen } = openPage();
  console.error = () => {};
  await screen.show(
    <FlowProvider client={client}>
      <Boundary>
        <Suspense fallback="loading">
          <BoardView boardId="secret" />
        </Suspense>
      </Boundary>
    </FlowProvider>,
  );
  await act(() => ring.advance(20_000));
  expect(screen.text).toBe('Cannot show "store/board/secret": not-allowed');
});

test('it is asked for once more when another user is there, who is shown nothing of the last', async () => {
  const { ring, screen } = openPage();
  const lone = openLoneClient(ring);
  const become = (user: string) =>
    until(async () => {
      await ring.advance(100); // little: a token is signed in another thread, which the ring's time does not wait for
      return lone.client.connection.get().user === user;
    }, user);
  await screen.show(
    <FlowProvider client={lone.client}>
      <Suspense fallback="loading">
        <BoardView boardId="b1" />
      </Suspense>
    </FlowProvider>,
  );
  await act(() => become('ada'));
  expect(screen.text).toBe('b1:  [0]');
  let answer = () => {};
  lone.gate = new Promise<void>((resolve) => {
    answer = resolve;
  });
  lone.user = 'eve';
  lone.expireToken();
  await act(() => become('eve'));
  await act(() => ring.advance(50));
  expect(screen.text).toContain('loading');
  answer();
  await act(() => until(() => lone.client.store('board/:boardId', B1).get().state, 'her state'));
  await act(() => ring.advance(50));
  expect([screen.text, lone.snapshotCount]).toEqual(['b1:  [0]', 2]);
});

test('other params in a transition keep what is shown until the new state is there', async () => {
  const { ring, client, screen } = openPage();
  let turnTo = (_: string) => {};
  function Turning() {
    const [boardId, setBoardId] = useState('b1');
    turnTo = setBoardId;
    return <BoardView boardId={boardId} />;
  }
  await screen.show(
    <FlowProvider client={client}>
      <Suspense fallback="loading">
        <Turning />
      </Suspense>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await act(async () => startTransition(() => turnTo('b2')));
  expect(screen.text).toBe('b1:  [0]');
  await act(() => ring.settle());
  expect(screen.text).toBe('b2:  [0]');
});

test('an Activity that is hidden follows nothing, and what is shown again within 5 s is right at once', async () => {
  const { ring, client, screen } = openPage();
  const store = ring.flow.store('board/:boardId');
  const show = (mode: 'visible' | 'hidden') =>
    screen.show(
      <FlowProvider client={client}>
        <Suspense fallback="loading">
          <Activity mode={mode}>
            <BoardView boardId="b1" />
          </Activity>
        </Suspense>
      </FlowProvider>,
    );
  await show('visible');
  await act(() => ring.advance(2_000));
  await show('hidden');
  await store.dispatch(B1, 'add', { id: 'a', title: 'tea' });
  await act(() => ring.advance(4_000));
  await show('visible');
  expect(screen.text).toContain('b1: tea [0]');
  await show('hidden');
  await act(() => ring.advance(5_001));
  expect(client.store('board/:boardId', B1).get().state).toBe(undefined);
});
