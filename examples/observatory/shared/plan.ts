import { store, type } from 'message-flow/contract';

/** Something to look at in the night. */
export interface Target {
  id: string;
  name: string;
  /** The user who put it there. */
  by: string;
  isDone: boolean;
}

/** What everyone is going to look at, in this order. */
export interface Plan {
  targets: Target[];
}

/** What each action takes. `move` goes by places and `tick` to a state, so that two users who do the same at once both get it. */
export interface PlanInputs {
  add: { id: string; name: string; by: string };
  move: { id: string; places: number };
  tick: { id: string; isDone: boolean };
  remove: { id: string };
}

/** Something that a user does to the plan. */
export type PlanAction = { [Name in keyof PlanInputs]: { name: Name; input: PlanInputs[Name] } }[keyof PlanInputs];

export const MAX_TARGETS = 12;
export const MAX_TARGET_CHARS = 40;

/** Refuses an action on the plan as it is, in words for who asked. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** The one plan of all visitors. Its reducers run on both sides; the server has the last word, and `inputs` of its own. */
export const plan = store('plan', type<Plan>()).actions((on) => ({
  add: on(type<PlanInputs['add']>(), ({ targets }, { id, name, by }) => {
    const isTaken = targets.some((other) => other.id === id || other.name.toLowerCase() === name.toLowerCase());
    if (isTaken) throw new PlanError(`“${name}” is in the plan already`);
    if (targets.length >= MAX_TARGETS) throw new PlanError(`The plan is full: a night has time for ${MAX_TARGETS}`);
    targets.push({ id, name, by, isDone: false });
  }),
  move: on(type<PlanInputs['move']>(), ({ targets }, { id, places }) => {
    const target = getTarget(targets, id);
    const from = targets.indexOf(target);
    targets.splice(from, 1);
    targets.splice(Math.max(0, from + places), 0, target);
  }),
  tick: on(type<PlanInputs['tick']>(), ({ targets }, { id, isDone }) => {
    getTarget(targets, id).isDone = isDone;
  }),
  // What is gone need not be removed again: whoever was second has what they wanted.
  remove: on(type<PlanInputs['remove']>(), (draft, { id }) => {
    draft.targets = draft.targets.filter((target) => target.id !== id);
  }),
}));

function getTarget(targets: readonly Target[], id: string): Target {
  const target = targets.find((target) => target.id === id);
  if (!target) throw new PlanError('It is no longer in the plan');
  return target;
}
