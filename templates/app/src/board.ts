import { store, type } from 'message-flow/contract';

export interface Board {
  cards: Record<string, { title: string; done: boolean }>;
}

export const board = store('board/:team', type<Board>()).actions((on) => ({
  add: on(type<{ id: string; title: string }>(), (draft, { id, title }) => {
    if (typeof title !== 'string' || title.trim() === '') throw new Error('A card needs a title');
    draft.cards[id] = { title, done: false };
  }),
  toggle: on(type<{ id: string }>(), (draft, { id }) => {
    const card = draft.cards[id];
    if (card) card.done = !card.done;
  }),
}));
