// @vitest-environment happy-dom
import type { FlowSnapshot } from 'message-flow/react';
import { act, Profiler, type ReactNode, StrictMode, Suspense } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, onTestFinished, test } from 'vitest';
import { openBoardRing } from './board-ring.ts';
import { BoardView, Boundary, type Dispatch, hooks } from './board-view.tsx';
import { openScreen } from './screen.ts';

const { FlowProvider, useConnection } = hooks;

/** Opens a page of ada on a screen. */
async function openPage() {
  const boards = openBoardRing();
  const page = boards.ring.page('ada');
  const screen = openScreen();
  let dispatch: Dispatch | undefined;
  const shown: string[] = [];
  function Noted({ children }: { children: ReactNode }) {
    return (
      <Profiler id="board" onRender={() => queueMicrotask(() => shown.push(screen.text))}>
        {children}
      </Profiler>
    );
  }
  return {
    ...boards,
    boards,
    page,
    screen,
    shown,
    dispatch: (...given: Parameters<Dispatch>) => (dispatch as Dispatch)(...given),
    show: (boardId = 'b1', snapshot?: FlowSnapshot) =>
      screen.show(
        <StrictMode>
          <FlowProvider client={page.client} snapshot={snapshot}>
            <Suspense fallback="loading">
              <Noted>
                <BoardView
                  boardId={boardId}
                  onDispatch={(given) => {
                    dispatch = given;
                  }}
                />
              </Noted>
            </Suspense>
          </FlowProvider>
        </StrictMode>,
      ),
  };
}

test('a store suspends until its first state is there', async () => {
  const { ring, screen, show } = await openPage();
  await show();
  expect(screen.text).toBe('loading');
  await act(() => ring.settle());
  expect(screen.text).toBe('b1:  [0]');
});

test('it never suspends again, over a lost minute or a gap (complaint 13)', async () => {
  const { ring, page, screen, shown, show } = await openPage();
  await show();
  await act(() => ring.settle());
  shown.length = 0;
  await act(() => page.drop(60_000));
  await ring.flow.store('board/:boardId').dispatch({ boardId: 'b1' }, 'add', { id: 'a', title: 'tea' });
  await ring.trim();
  await act(() => ring.advance(90_000));
  expect(screen.text).toBe('b1: tea [0]');
  expect(shown).not.toContain('loading');
});

test('in StrictMode the state is fetched once (complaint 7)', async () => {
  const { ring, boards, show } = await openPage();
  await show();
  await act(() => ring.settle());
  await act(() => ring.advance(20_000));
  expect(boards.loads).toBe(1);
});

test('an action is on the screen when its event is over, before the backend has it', async () => {
  const { ring, rows, screen, dispatch, show } = await openPage();
  await show();
  await act(() => ring.settle());
  act(() => void dispatch('add', { id: 'a', title: 'tea' }));
  expect([screen.text, rows.get('b1')?.version]).toEqual(['b1: tea [1]', 0]);
});

test('it is confirmed without a flicker (complaint 21)', async () => {
  const { ring, shown, dispatch, show } = await openPage();
  await show();
  await act(() => ring.settle());
  act(() => void dispatch('add', { id: 'a', title: 'tea' }));
  await act(() => ring.settle());
  expect([...new Set(shown.filter((text) => text !== 'b1:  [0]'))]).toEqual(['b1: tea [1]', 'b1: tea [0]']);
});

test('an action that is refused is taken back, with its reason', async () => {
  const { ring, screen, dispatch, show } = await openPage();
  await show();
  await act(() => ring.settle());
  act(() => void dispatch('add', { id: 'a', title: 'refuse me' }));
  await act(() => ring.settle());
  expect(screen.text).toBe('b1:  [0failed]');
});

test('two pages of a store show the same', async () => {
  const { ring, page, screen, dispatch, show } = await openPage();
  await show();
  const other = openScreen();
  await other.show(
    <FlowProvider client={ring.page('bob').client}>
      <Suspense>
        <BoardView boardId="b1" />
      </Suspense>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await act(() => page.drop(10_000));
  act(() => void dispatch('add', { id: 'a', title: 'tea' }));
  await ring.flow.store('board/:boardId').dispatch({ boardId: 'b1' }, 'add', { id: 'b', title: 'milk' });
  await act(() => ring.advance(30_000));
  expect([screen.text, other.text]).toEqual(['b1: milk tea [0]', 'b1: milk tea [0]']);
});

test('other params show another store, and params made anew at each render fetch nothing (complaint 19)', async () => {
  const { ring, boards, screen, show } = await openPage();
  for (const boardId of ['b1', 'b1', 'b2', 'b2']) {
    await show(boardId);
    await act(() => ring.settle());
  }
  expect([screen.text, boards.loads]).toEqual(['b2:  [0]', 2]);
});

test('a store that nobody may see goes to the error boundary', async () => {
  const { ring, page } = await openPage();
  const screen = openScreen();
  console.error = () => {}; // React tells of what a boundary caught
  await screen.show(
    <FlowProvider client={page.client}>
      <Boundary>
        <Suspense>
          <BoardView boardId="secret" />
        </Suspense>
      </Boundary>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  expect(screen.text).toBe('Cannot show "store/board/secret": not-allowed');
});

test('what a server rendered for one user is not shown to the next, who signs in on the page', async () => {
  const { ring } = openBoardRing();
  const page = ring.page('bob');
  page.client.connect();
  await ring.settle();
  const state = { order: ['a'], cards: { a: { title: 'of ada', done: false } } };
  const snapshot = { user: 'ada', stores: { 'store/board/secret': { state, version: 1, at: 'e:0:', recent: [] } } };
  const screen = openScreen();
  console.error = () => {}; // React tells of what a boundary caught
  const shown: string[] = [];
  await screen.show(
    <FlowProvider client={page.client} snapshot={snapshot as unknown as FlowSnapshot}>
      <Boundary>
        <Suspense fallback="loading">
          <Profiler id="board" onRender={() => queueMicrotask(() => shown.push(screen.text))}>
            <BoardView boardId="secret" />
          </Profiler>
        </Suspense>
      </Boundary>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  expect([...shown, screen.text].join()).not.toContain('of ada');
  expect(screen.text).toBe('Cannot show "store/board/secret": not-allowed');
});

test('a page that a server rendered goes on from its snapshot: no second fetch, no hole (complaints 10, 12)', async () => {
  const { ring, boards, page } = await openPage();
  const store = ring.flow.store('board/:boardId');
  await store.dispatch({ boardId: 'b1' }, 'add', { id: 'a', title: 'tea' });
  const snapshot = await ring.flow.snapshot({ user: 'ada' }, { stores: [['board/:boardId', { boardId: 'b1' }]] });
  const loads = boards.loads;
  await store.dispatch({ boardId: 'b1' }, 'add', { id: 'b', title: 'milk' }); // between the snapshot and the browser

  function State() {
    return ` ${useConnection().state}`;
  }
  const app = (client: typeof page.client | undefined) => (
    <FlowProvider client={client} snapshot={JSON.parse(JSON.stringify(snapshot))}>
      <Suspense fallback="loading">
        <BoardView boardId="b1" />
      </Suspense>
      <State />
    </FlowProvider>
  );
  const element = document.createElement('div');
  element.innerHTML = renderToString(app(undefined));
  const [rendered] = [element.textContent];
  const root = await act(async () => hydrateRoot(element, app(page.client)));
  onTestFinished(() => act(async () => root.unmount()));
  const hydrated = element.textContent;
  await act(() => ring.advance(5_000));
  expect([rendered, hydrated, element.textContent]).toEqual([
    'b1: tea [0] connecting',
    'b1: tea [0] connecting',
    'b1: tea milk [0] live',
  ]);
  expect(boards.loads - loads).toBe(1); // the backend's own, for its action
});
