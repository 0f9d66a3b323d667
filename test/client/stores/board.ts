import { store, type } from 'message-flow/contract';

export interface Board {
  cards: Record<string, { title: string; done: boolean }>;
  order: string[];
}

/** A store in a file of its own, as an app has it: what a page downloads of it are the reducers. */
export const board = store('board/:boardId', type<Board>()).actions((on) => ({
  add: on(type<{ id: string; title: string }>(), (draft, { id, title }) => {
    if (title === 'refuse me') throw new Error('a title of this kind is refused');
    draft.cards[id] = { title, done: false };
    draft.order.push(id);
  }),
  toggle: on(type<{ id: string }>(), (draft, { id }) => {
    const card = draft.cards[id];
    if (card) card.done = !card.done;
  }),
  clear: on(type<undefined>(), (draft) => {
    draft.cards = {};
    draft.order = [];
  }),
}));
