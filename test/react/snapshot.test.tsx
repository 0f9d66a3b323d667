// @vitest-environment happy-dom
import type { Client } from 'message-flow/client';
import type { FlowSnapshot } from 'message-flow/react';
import { act, Profiler, StrictMode, Suspense } from 'react';
import { expect, onTestFinished, test } from 'vitest';
import type { app } from '../client/stores/app.ts';
import { until } from '../support/until.ts';
import { openBoardRing } from './board-ring.ts';
import { BoardView, Boundary, hooks } from './board-view.tsx';
import { openLoneClient } from './lone-client.ts';
import { openScreen } from './screen.ts';

const { FlowProvider } = hooks;
const B1 = { boardId: 'b1' };

/** Opens a ring and a screen, which shows what it is told to, with a client and a snapshot. */
function openPage() {
  const { ring } = openBoardRing();
  const screen = openScreen();
  const shown: string[] = [];
  const store = ring.flow.store('board/:boardId');
  return {
    ring,
    screen,
    shown,
    add: (id: string) => store.dispatch(B1, 'add', { id, title: id }),
    snapshot: () => ring.flow.snapshot({ user: 'ada' }, { stores: [['board/:boardId', B1]] }),
    show: (client: Client<typeof app>, snapshot?: FlowSnapshot, isOpen = true) =>
      screen.show(
        <StrictMode>
          <FlowProvider client={client} snapshot={snapshot}>
            <Profiler id="board" onRender={() => queueMicrotask(() => shown.push(screen.text))}>
              <Boundary>
                <Suspense fallback="loading">{isOpen && <BoardView boardId="b1" />}</Suspense>
              </Boundary>
            </Profiler>
          </FlowProvider>
        </StrictMode>,
      ),
  };
}

test('what the server rendered for one user is not shown to the next', async () => {
  const { ring, screen, add, snapshot, show } = openPage();
  console.error = () => {}; // React tells of what a boundary caught
  await add('tea');
  const lone = openLoneClient(ring);
  onTestFinished(() => lone.client.close());
  await show(lone.client, await snapshot());
  const becomes = async (user: string) => {
    await ring.advance(100); // little: a token is signed in another thread, which the ring's time does not wait for
    return lone.client.connection.get().user === user;
  };
  await act(() => until(() => becomes('ada'), 'her token'));
  expect(screen.text).toBe('b1: tea [0]');
  lone.user = lone.banned = 'eve';
  lone.expireToken();
  await act(() => until(() => becomes('eve'), 'the next token'));
  await act(() => until(() => lone.client.store('board/:boardId', B1).get().sync.fault, 'an answer'));
  await act(() => ring.advance(100));
  expect(screen.text).toBe('Cannot show "store/board/b1": not-allowed');
});

test('nor by a client that comes after the first', async () => {
  const { ring, screen, add, snapshot, show } = openPage();
  await add('tea');
  const given = await snapshot();
  await show(ring.page('ada').client, given);
  expect(screen.text).toBe('b1: tea [0]');
  await show(ring.page('eve').client, given);
  expect(screen.text).toBe('loading');
  await act(() => ring.settle());
});

test('nor what the first user never opened', async () => {
  const { ring, screen, add, snapshot, show } = openPage();
  await add('tea');
  const given = await snapshot();
  const lone = openLoneClient(ring);
  onTestFinished(() => lone.client.close());
  lone.user = 'eve';
  lone.client.connect();
  const isEve = async () => {
    await ring.advance(100);
    return lone.client.connection.get().user === 'eve';
  };
  await until(isEve, 'the token');
  await show(lone.client, given);
  expect(screen.text).toBe('loading');
  await act(() => until(() => lone.client.store('board/:boardId', B1).get().state, 'a state'));
});

test('a view that comes back when nothing lingers any more is fetched, and does not go back to the snapshot', async () => {
  const { ring, screen, add, snapshot, show } = openPage();
  const { client } = ring.page('ada');
  const given = await snapshot();
  await show(client, given);
  await act(() => ring.settle());
  await add('tea');
  await act(() => ring.settle());
  await show(client, given, false);
  await act(() => ring.advance(6_000));
  await show(client, given);
  expect(screen.text).toBe('loading');
  await act(() => ring.settle());
  expect(screen.text).toBe('b1: tea [0]');
});

test('one that comes while a state is fetched is shown at once, and stays', async () => {
  const { ring, screen, shown, add, snapshot, show } = openPage();
  const { client } = ring.page('ada');
  await show(client);
  expect(screen.text).toBe('loading');
  await add('tea');
  shown.length = 0;
  await show(client, await snapshot());
  await act(() => ring.settle());
  expect([...new Set(shown)]).toEqual(['b1: tea [0]']);
});

test('of two the newer is shown, in whatever order they come', async () => {
  const { ring, screen, add, snapshot, show } = openPage();
  const { client } = ring.page('ada');
  await add('tea');
  const older = await snapshot();
  await add('milk');
  const newer = await snapshot();
  const seen: string[] = [];
  for (const given of [older, newer, older]) {
    await show(client, given);
    seen.push(screen.text);
  }
  expect(seen).toEqual(['b1: tea [0]', 'b1: tea milk [0]', 'b1: tea milk [0]']);
});
