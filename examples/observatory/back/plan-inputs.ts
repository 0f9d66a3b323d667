import type { Schema } from 'message-flow/contract';
import { MAX_TARGET_CHARS, MAX_TARGETS, type PlanInputs } from '../shared/plan.ts';
import { toLine } from './plain-text.ts';

const ID = /^[\w-]{1,36}$/;
const MAX_USER_CHARS = 64;
/** What a page can't know, so that it shows the target until it is rolled back: nobody points a telescope there. */
const BLINDING = /^(the )?sun$/i;

/** Checks of what pages send: what they run by themselves, a hand-written request need not. */
export const planInputs: { readonly [Name in keyof PlanInputs]: Schema<unknown, PlanInputs[Name]> } = {
  add: createSchema({ id: findId, name: findTargetName, by: findUser }),
  move: createSchema({ id: findId, places: findPlaces }),
  tick: createSchema({ id: findId, isDone: (value) => (typeof value === 'boolean' ? value : undefined) }),
  remove: createSchema({ id: findId }),
};

/** A Standard Schema of an object, by what reads each member; members that it does not name are left out. */
function createSchema<T extends object>(
  readers: {
    readonly [Key in keyof T]: (value: unknown) => T[Key] | undefined;
  },
): Schema<unknown, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'observatory',
      validate(input) {
        const members: Partial<T> = {};
        for (const key of Object.keys(readers) as (keyof T)[]) {
          const value = readers[key]((input as Partial<T> | null | undefined)?.[key]);
          if (value === undefined) return { issues: [{ message: 'Not of the kind that is expected', path: [key] }] };
          members[key] = value;
        }
        return { value: members as T };
      },
    },
  };
}

function findId(value: unknown): string | undefined {
  return typeof value === 'string' && ID.test(value) ? value : undefined;
}

function findTargetName(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TARGET_CHARS) return undefined;
  const name = toLine(value, MAX_TARGET_CHARS);
  return name === '' || BLINDING.test(name) ? undefined : name;
}

function findUser(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_USER_CHARS ? value : undefined;
}

function findPlaces(value: unknown): number | undefined {
  return Number.isInteger(value) && Math.abs(value as number) < MAX_TARGETS ? (value as number) : undefined;
}
