import { MAX_KEY_BYTES, utf8Length } from '../protocol/index.ts';
import { changeState } from './draft.ts';
import { checkPattern } from './pattern.ts';
import type { InputOf, OutputOf, Received, Schema } from './schema.ts';

/** One way in which a state may change: what it takes, and what it does. */
export interface StoreAction<State extends object = object, S extends Schema = Schema> {
  /** The type of its input. In a browser nothing is checked; a backend checks by it, or by an `inputs` of its own. */
  readonly input: S;
  /** Alters the draft. What it throws refuses the action. It runs on both sides, and again at each rebase; its input is what `input` makes, as JSON. */
  reduce(draft: State, input: never): unknown;
}

/** Actions by name. */
export type StoreActions<State extends object = object> = Readonly<Record<string, StoreAction<State>>>;

/** State with a name, and the only ways in which it changes. */
export interface Store<
  Pattern extends string = string,
  State extends object = object,
  A extends StoreActions<State> = StoreActions<State>,
> {
  readonly pattern: Pattern;
  readonly state: Schema<State>;
  readonly actions: A;
}

/** The state of a store. */
export type StateOf<S extends Store> = OutputOf<S['state']>;

/** The names of a store's actions. */
export type ActionName<S extends Store> = keyof S['actions'] & string;

/** What is given to an action. */
export type ActionInput<S extends Store, Name extends ActionName<S>> = InputOf<S['actions'][Name]['input']>;

/** The arguments of an action after its name: its input may be left out only where its type allows undefined. */
export type ActionArguments<S extends Store, Name extends ActionName<S>> =
  undefined extends ActionInput<S, Name> ? [input?: ActionInput<S, Name>] : [input: ActionInput<S, Name>];

/** Makes an action of a store: `on(type<{ id: string }>(), (draft, { id }) => { … })`. */
export type On<State extends object> = <S extends Schema>(
  input: S,
  reduce: (draft: State, input: Received<OutputOf<S>>) => unknown,
) => StoreAction<State, S>;

/** A store that has no actions yet. */
export interface StoreBeginning<Pattern extends string, State extends object> {
  /**
   * Gives the store its actions. A reducer alters the draft; what it returns is ignored, and one that is asynchronous is refused.
   * It must do the same on both sides: ids, times and chance come in by its input.
   * @throws {RangeError} when a name is empty or longer than 128 bytes
   */
  actions<A extends StoreActions<State>>(make: (on: On<State>) => A): Store<Pattern, State, A>;
}

/**
 * Declares a store. The pattern, such as `"board/:boardId"`, is its one name on both sides; its state is a JSON object or list.
 * Keep it in a file of its own, with `type<T>()` for types: that file goes to the browser.
 *
 * ```ts
 * const board = store('board/:boardId', type<Board>()).actions((on) => ({
 *   rename: on(type<{ title: string }>(), (draft, { title }) => { draft.title = title }),
 * }))
 * ```
 * @throws {RangeError} when the pattern can't be used
 */
export function store<const Pattern extends string, State extends object>(
  pattern: Pattern,
  state: Schema<State>,
): StoreBeginning<Pattern, State> {
  checkPattern(pattern);
  return {
    actions(make) {
      const actions = make((input, reduce) => ({ input, reduce }));
      for (const name of Object.keys(actions)) {
        if (name === '' || utf8Length(name) > MAX_KEY_BYTES) {
          throw new RangeError(`Cannot call an action "${name.slice(0, 40)}": names have 1 to ${MAX_KEY_BYTES} bytes`);
        }
      }
      return { pattern, state, actions };
    },
  };
}

/**
 * Runs an action and gives the next state; the old one stays as it is.
 * @throws {RangeError} when the store has no such action; or whatever the reducer throws
 */
export function runAction<State extends object>(
  { pattern, actions }: Store<string, State>,
  state: State,
  name: string,
  input: unknown,
): State {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw new RangeError(`Cannot run "${name}": the store "${pattern}" has no such action`);
  return changeState(state, (draft) => action.reduce(draft, input as never));
}
