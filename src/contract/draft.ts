import type { JsonMaker } from './schema.ts';

/** A draft and what it stands for. `copy` is its own: shallow, and it takes the changes. */
interface Draft {
  /** What the old state has there; empty for what the change itself put there, which is not known to be JSON. */
  readonly base: object;
  readonly copy: object;
  /** The draft in which this one was found; what changes here changes there. */
  readonly parent: Draft | undefined;
  isChanged: boolean;
  settled?: object;
}

type Members = Record<string, unknown>;

/**
 * Gives the state after `change`, which may alter its draft as if it were the state itself: members, `push`, `splice`, `sort`,
 * `delete`. The old state stays as it is; what did not change is shared with it. What `change` returns is ignored, but it must be
 * done when it returns.
 *
 * A state is JSON and so is what becomes of it: `undefined` is left out, a `Date` becomes text. Of objects a draft shows own
 * members only, so that a card of id `"constructor"` is none. Nothing of a draft is left in what comes back.
 * @throws {TypeError} when the change makes a cycle, a member `__proto__` or an accessor, or what has no JSON, or is asynchronous; or
 *   whatever `change` throws
 */
export function changeState<State extends object>(state: State, change: (draft: State) => unknown): State {
  const drafts = new WeakMap<object, Draft>();
  /** What is being settled: to meet it again is a cycle. */
  const open = new Set<object>();

  function createDraft(value: object, base: object, parent?: Draft): object {
    const copy: Members = (Array.isArray(value) ? value.slice() : { ...value }) as Members;
    const draft: Draft = { base, copy, parent, isChanged: base !== value };
    const proxy = new Proxy(copy, {
      get(_, key) {
        const isHidden = Array.isArray(copy) ? key === 'constructor' || key === '__proto__' : typeof key === 'string';
        if (isHidden && !Object.hasOwn(copy, key)) return undefined;
        const value = copy[key as string];
        // Kept by its place, not by its object: the same object twice in a state is two values, as it is in JSON.
        if (typeof value !== 'object' || value === null || drafts.has(value)) return value;
        const isOld = Object.hasOwn(base, key) && (base as Members)[key as string] === value;
        if (!isOld && isJsonMaker(value)) return value; // a Date is itself until the end
        const child = createDraft(value, isOld ? value : {}, draft);
        copy[key as string] = child;
        return child;
      },
      has: (_, key) => Object.hasOwn(copy, key),
      set(_, key, value) {
        if (key === '__proto__') throw new TypeError('Cannot change a state: a member is called "__proto__"');
        if (Object.hasOwn(copy, key) && Object.is(copy[key as string], value)) return true;
        markChanged(draft);
        copy[key as string] = value;
        return true;
      },
      deleteProperty(_, key) {
        markChanged(draft);
        return delete copy[key as string];
      },
      defineProperty: refuse,
      setPrototypeOf: refuse,
    });
    drafts.set(proxy, draft);
    return proxy;
  }

  function settle(value: unknown): unknown {
    if (typeof value === 'bigint') throw new TypeError('Cannot change a state: a bigint has no JSON');
    if (typeof value === 'number' && !Number.isFinite(value)) return null;
    if (typeof value === 'function' || typeof value === 'symbol') return undefined;
    if (typeof value !== 'object' || value === null) return value;
    const draft = drafts.get(value);
    if (draft && !draft.isChanged) return draft.base;
    if (draft) {
      draft.settled ??= settleMembers(draft.copy, draft.base);
      return draft.settled;
    }
    return isJsonMaker(value) ? settle(value.toJSON()) : settleMembers(value);
  }

  /** Copies, member by member. What stands where it stood before is the old state's own, and not looked into. */
  function settleMembers(from: object, base: object = {}): object {
    if (open.has(from)) throw new TypeError('Cannot change a state: it would hold itself');
    open.add(from);
    const into = (Array.isArray(from) ? [] : {}) as Members;
    for (const key of Array.isArray(from) ? from.keys() : Object.keys(from)) {
      if (key === '__proto__') throw new TypeError('Cannot change a state: a member is called "__proto__"');
      const value = (from as Members)[key];
      const settled = Object.hasOwn(base, key) && (base as Members)[key] === value ? value : settle(value);
      if (Array.isArray(from)) into[key] = settled ?? null;
      else if (settled !== undefined) into[key] = settled;
    }
    open.delete(from);
    return into;
  }

  const root = createDraft(state, state);
  const result = change(root as State);
  if (result instanceof Promise) {
    result.catch(() => {}); // nobody waits for it, and on a server it would end the process
    throw new TypeError('Cannot change a state: the change is asynchronous');
  }
  return settle(root) as State;
}

function markChanged(draft: Draft): void {
  for (let next: Draft | undefined = draft; next && !next.isChanged; next = next.parent) next.isChanged = true;
}

function isJsonMaker(value: object): value is JsonMaker<unknown> {
  return typeof (value as Partial<JsonMaker<unknown>>).toJSON === 'function';
}

function refuse(): never {
  throw new TypeError('Cannot change a state: it takes members only, no accessors and no prototypes');
}
