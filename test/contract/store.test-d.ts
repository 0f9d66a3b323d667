import {
  type ActionArguments,
  type ActionInput,
  type ActionName,
  contract,
  runAction,
  type StateOf,
  type StoreOf,
  type StorePatternOf,
  store,
  type,
} from 'message-flow/contract';
import { expectTypeOf } from 'vitest';

interface Board {
  title: string;
  cards: Record<string, { title: string; done: boolean }>;
}

const board = store('board/:boardId', type<Board>()).actions((on) => ({
  add: on(type<{ id: string; title: string }>(), (draft, { id, title }) => {
    draft.cards[id] = { title, done: false };
  }),
  date: on(type<{ at: Date }>(), (draft, { at }) => {
    expectTypeOf(at).toEqualTypeOf<string>(); // inputs are JSON on both sides
    draft.title = at;
  }),
  clear: on(type<undefined>(), (draft) => {
    draft.cards = {};
  }),
}));
const list = store('list', type<string[]>()).actions((on) => ({
  push: on(type<string>(), (draft, text) => draft.push(text)),
}));
const app = contract({ stores: [board, list] });
type App = typeof app;

expectTypeOf<StorePatternOf<App>>().toEqualTypeOf<'board/:boardId' | 'list'>();
expectTypeOf<StateOf<StoreOf<App, 'board/:boardId'>>>().toEqualTypeOf<Board>();
expectTypeOf<ActionName<typeof board>>().toEqualTypeOf<'add' | 'date' | 'clear'>();
expectTypeOf<ActionInput<typeof board, 'add'>>().toEqualTypeOf<{ id: string; title: string }>();
expectTypeOf<ActionArguments<typeof board, 'clear'>>().toEqualTypeOf<[input?: undefined]>();
expectTypeOf(runAction(list, ['a'], 'push', 'b')).toEqualTypeOf<string[]>();

store('board/:boardId', type<Board>()).actions((on) => ({
  // @ts-expect-error a member that the state has not
  wrong: on(type<string>(), (draft) => draft.card),
}));
store('board/:boardId', type<Board>()).actions((on) => ({
  wrong: on(type<string>(), (draft) => {
    // @ts-expect-error a value of another type
    draft.title = 7;
  }),
}));
store('board/:boardId', type<Board>()).actions((on) => ({
  // @ts-expect-error an input of another type
  wrong: on(type<string>(), (draft, input: number) => {
    draft.title = String(input);
  }),
}));
// @ts-expect-error a state is an object or a list
store('count', type<number>());
// @ts-expect-error a store is made with its actions
contract({ stores: [store('list', type<string[]>())] });
