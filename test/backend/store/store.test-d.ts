import { createFlow, type FlowSnapshot } from 'message-flow/backend';
import { type ActionAnswer, contract, store, type } from 'message-flow/contract';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

// Compiled, never run: each line below an expected error must not compile.

interface Board {
  cards: Record<string, { title: string }>;
}
const board = store('board/:boardId', type<Board>()).actions((on) => ({
  add: on(type<{ id: string; title: string }>(), (draft, { id, title }) => {
    draft.cards[id] = { title };
  }),
  clear: on(type<undefined>(), (draft) => {
    draft.cards = {};
  }),
}));
const app = contract({ stores: [board] });
const flow = createFlow(app, { broker: 'memory:', authenticate: () => null });
const boards = flow.store('board/:boardId');
const load = () => ({ state: { cards: {} }, version: 0 });
const save = async () => true;
const allow = () => true;

boards.serve({
  load: ({ boardId }) => (boardId === 'none' ? undefined : load()),
  async save({ boardId }, { state, version, recent }, expectedVersion) {
    expectTypeOf(state).toEqualTypeOf<Board>();
    expectTypeOf(recent[0]?.version).toEqualTypeOf<number | undefined>();
    return boardId !== '' && version === expectedVersion + 1;
  },
  allow: ({ user }, { boardId }, action) => user === boardId || (action?.name === 'add' && action.input.id === user),
  inputs: { add: z.object({ id: z.string(), title: z.string().trim().min(1) }) },
});
expectTypeOf(boards.dispatch({ boardId: 'b' }, 'add', { id: 'c', title: 't' })).toEqualTypeOf<Promise<ActionAnswer>>();
void boards.dispatch({ boardId: 'b' }, 'clear');
void boards.changed({ boardId: 'b' });
expectTypeOf(flow.snapshot({ user: 'ada' }, { stores: [['board/:boardId', { boardId: 'b' }]] })).toEqualTypeOf<
  Promise<FlowSnapshot>
>();

// @ts-expect-error an unknown store
flow.store('boards/:boardId');
// @ts-expect-error an unknown action
void boards.dispatch({ boardId: 'b' }, 'remove', { id: 'c' });
// @ts-expect-error a wrong input
void boards.dispatch({ boardId: 'b' }, 'add', { id: 'c' });
// @ts-expect-error a missing parameter
void boards.dispatch({}, 'clear');
// @ts-expect-error a missing parameter
void boards.changed({});
// @ts-expect-error nobody says who may
boards.serve({ load, save });
// @ts-expect-error a state of another type
boards.serve({ save, allow, load: () => ({ state: { cards: [] }, version: 0 }) });
// @ts-expect-error a version that is text
boards.serve({ save, allow, load: () => ({ state: { cards: {} }, version: '0' }) });
// @ts-expect-error a save that does not say whether it did
boards.serve({ load, allow, save: async () => {} });
// @ts-expect-error a check that makes something else than the reducer takes
boards.serve({ load, save, allow, inputs: { add: z.object({ id: z.string() }) } });
// @ts-expect-error a check of an action that there is not
boards.serve({ load, save, allow, inputs: { remove: z.string() } });
// @ts-expect-error an unknown store
void flow.snapshot({ user: 'ada' }, { stores: [['boards/:boardId', { boardId: 'b' }]] });
// @ts-expect-error a missing parameter
void flow.snapshot({ user: 'ada' }, { stores: [['board/:boardId', {}]] });
