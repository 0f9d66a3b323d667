import type { RefusedCode, SaidAction, Schema, SchemaResult } from '../../contract/index.ts';
import { placeOf } from '../payload.ts';
import type { CheckedAction } from './apply.ts';
import type { StorePlace } from './store-keeper.ts';

/** Takes an action's name and input if they are the store's; rejects with what a schema throws. */
export async function checkAction({ store, serving }: StorePlace, said: SaidAction): Promise<CheckedAction> {
  const { id, name, input, since } = said;
  if (!Object.hasOwn(store.actions, name)) {
    return refuse(said, 'unknown-action', `the store "${store.pattern}" has no such action`);
  }
  const inputs = (serving.inputs ?? {}) as Readonly<Record<string, Schema | undefined>>;
  const schema = (Object.hasOwn(inputs, name) && inputs[name]) || store.actions[name]?.input;
  const result: SchemaResult<unknown> | undefined = await schema?.['~standard'].validate(input);
  if (!result || result.issues) {
    const places = result?.issues?.slice(0, 5).map(placeOf).join('", "');
    return refuse(said, 'invalid-input', `its input is invalid at "${places}"`);
  }
  const { value } = result;
  if (value === undefined) return { id, name, input: undefined, since };
  try {
    return { id, name, input: JSON.parse(JSON.stringify(value)), since };
  } catch {
    // Too deep, or a bigint that its schema made: it will be no better when it is said again.
    return refuse(said, 'invalid-input', 'what its schema made of its input has no JSON');
  }
}

/** An action that is not run. */
export function refuse({ id, name }: SaidAction, code: RefusedCode, why: string): CheckedAction {
  return { id, answer: { refused: { code, message: `Cannot run "${name.slice(0, 80)}": ${why}` } } };
}
