import { type ActionAnswer, MAX_ACTIONS, type RecentAction, runAction, type Store } from '../../contract/index.ts';
import type { NextState, StoredState } from './serving.ts';

/** An action that may be run, its input checked; or why it may not. */
export type CheckedAction =
  | { readonly id: string; readonly name: string; readonly input: unknown; readonly since?: number | undefined }
  | { readonly id: string; readonly answer: ActionAnswer };

/** What actions make of a state. */
export interface Applied {
  readonly next: NextState<object>;
  /** The ids that are new in it. */
  readonly ids: readonly string[];
  /** One of them was in the state before: nobody knows whether followers heard of it. */
  readonly isSaidAgain: boolean;
  /** In the order of the actions. */
  readonly answers: readonly ActionAnswer[];
}

/** Runs actions on a state, one after another. What is refused changes nothing. `onFailure` takes what reducers throw. */
export function applyActions(
  store: Store,
  { state: loaded, version, recent }: StoredState<object>,
  actions: readonly CheckedAction[],
  onFailure: (action: string, error: unknown) => void,
): Applied {
  const to = version + 1;
  const known: RecentAction[] = [...(recent ?? [])];
  const oldest = known.length >= MAX_ACTIONS ? (known[0]?.version ?? 0) : 0;
  let state = loaded;
  let isSaidAgain = false;
  const ids: string[] = [];

  function answer(action: CheckedAction): ActionAnswer {
    const { id } = action;
    const earlier = known.find((other) => other.id === id);
    // Also where it may no longer be done, as by a rule of one vote a user: it was.
    if (earlier) {
      isSaidAgain ||= earlier.version <= version;
      return { version: earlier.version };
    }
    if ('answer' in action) return action.answer;
    const { name, input, since } = action;
    if (since !== undefined && oldest > since) {
      const message = `Cannot run "${name}": whether it was applied after version ${since} is forgotten`;
      return { refused: { code: 'forgotten', message } };
    }
    try {
      state = runAction(store, state, name, input);
    } catch (error) {
      onFailure(name, error);
      return { refused: { code: 'failed', message: error instanceof Error ? error.message : String(error) } };
    }
    known.push({ id, version: to });
    ids.push(id);
    return { version: to };
  }

  const answers = actions.map(answer);
  return { next: { state, version: to, recent: known.slice(-MAX_ACTIONS) }, ids, isSaidAgain, answers };
}
