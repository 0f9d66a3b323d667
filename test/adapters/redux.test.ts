import { bindStore, type LaneAction, reduceLanes } from 'message-flow/adapters/redux';
import { combineReducers, legacy_createStore as createStore } from 'redux';
import { expect, onTestFinished, test } from 'vitest';
import type { Board } from '../client/stores/board.ts';
import { openBoardRing } from '../react/board-ring.ts';

const LOG = 'store/board/b1';

/** Opens a page of ada whose board goes through Redux. */
async function openPage() {
  const { ring } = openBoardRing();
  const page = ring.page('ada');
  const actions: LaneAction[] = [];
  const reduce = combineReducers({ lanes: reduceLanes });
  const redux = createStore((state: ReturnType<typeof reduce> | undefined, action: LaneAction) => {
    if (action.lane) actions.push(action);
    return reduce(state, action);
  });
  const board = bindStore(redux, page.client.store('board/:boardId', { boardId: 'b1' }));
  onTestFinished(board.stop);
  await ring.settle();
  return {
    ring,
    page,
    actions,
    redux,
    board,
    order: () => (redux.getState().lanes[LOG]?.state as Board | undefined)?.order,
    lanes: () => actions.map(({ type }) => type),
  };
}

test('Redux holds what the page shows', async () => {
  const { page, redux } = await openPage();
  expect(redux.getState().lanes[LOG]).toBe(page.client.store('board/:boardId', { boardId: 'b1' }).get());
});

test('an action of this page is pending, and then the server has it', async () => {
  const { ring, board, lanes, order } = await openPage();
  const before = lanes().length;
  void board.dispatch('add', { id: 'a', title: 'tea' });
  expect([lanes().at(-1), order()]).toEqual([`pending ${LOG} add`, ['a']]);
  await ring.settle();
  expect([...new Set(lanes().slice(before))]).toEqual([`pending ${LOG} add`, `server ${LOG}`]);
});

test("another's action comes from the server", async () => {
  const { ring, lanes, order } = await openPage();
  await ring.flow.store('board/:boardId').dispatch({ boardId: 'b1' }, 'add', { id: 'b', title: 'milk' });
  await ring.settle();
  expect([lanes().at(-1), order()]).toEqual([`server ${LOG}`, ['b']]);
});

test('a refused action is rolled back, with what it was and why', async () => {
  const { ring, board, actions, order } = await openPage();
  void board.dispatch('add', { id: 'a', title: 'refuse me' });
  await ring.settle();
  expect(actions.at(-1)).toMatchObject({
    type: `rolled back ${LOG} add`,
    action: { name: 'add', input: { id: 'a', title: 'refuse me' }, code: 'failed' },
  });
  expect(order()).toEqual([]);
});

test('the actions played again give every state that the page had, in their order: time travel', async () => {
  const { ring, board, actions, redux } = await openPage();
  void board.dispatch('add', { id: 'a', title: 'tea' });
  await ring.settle();
  const played = actions.reduce(reduceLanes, undefined);
  expect([played, JSON.parse(JSON.stringify(actions)).length]).toEqual([redux.getState().lanes, actions.length]);
});

test('what was stopped hears no more', async () => {
  const { ring, board, actions } = await openPage();
  board.stop();
  const before = actions.length;
  await ring.flow.store('board/:boardId').dispatch({ boardId: 'b1' }, 'add', { id: 'b', title: 'milk' });
  await ring.settle();
  expect(actions.length).toBe(before);
});
