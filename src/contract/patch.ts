/** One change of a patch: RFC 6902, as far as it is used. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

type Members = Record<string, unknown>;

/**
 * Says how one state becomes another. Both are JSON; what they share is not looked into, so make the second by `changeState`.
 * Nothing to do is an empty patch.
 */
export function createPatch(before: unknown, after: unknown): PatchOperation[] {
  const patch: PatchOperation[] = [];
  compare(before, after, '', patch);
  return patch;
}

function compare(before: unknown, after: unknown, path: string, patch: PatchOperation[]): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) compareItems(before, after, path, patch);
  else if (isMembers(before) && isMembers(after)) compareMembers(before, after, path, patch);
  else patch.push({ op: 'replace', path, value: after });
}

/** Members have an order, which pages show: one that does not keep its place is taken out, and put in at the end. */
function compareMembers(before: Members, after: Members, path: string, patch: PatchOperation[]): void {
  const staying = findStaying(Object.keys(before), Object.keys(after));
  for (const key of Object.keys(before)) {
    if (!staying.has(key)) patch.push({ op: 'remove', path: `${path}/${escapeKey(key)}` });
  }
  for (const key of Object.keys(after)) {
    const at = `${path}/${escapeKey(key)}`;
    if (staying.has(key)) compare(before[key], after[key], at, patch);
    else patch.push({ op: 'add', path: at, value: after[key] });
  }
}

/** As many of the first keys after as stand in this order before. ECMA-262, 10.1.11.1: indices come first, in order by themselves. */
function findStaying(before: readonly string[], after: readonly string[]): Set<string> {
  const kept = new Set(before);
  const staying = new Set(after.filter((key) => isIndex(key) && kept.has(key)));
  const ordered = after.filter((key) => !isIndex(key));
  let next = 0;
  for (const key of before) if (key === ordered[next]) staying.add(ordered[next++] as string);
  return staying;
}

function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return String(index) === key && index < 2 ** 32 - 1;
}

/** What both begin and end with stays; between, items are compared in pairs, then taken out or put in. */
function compareItems(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  patch: PatchOperation[],
): void {
  let start = 0;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (start < oldEnd && start < newEnd && before[start] === after[start]) start++;
  while (oldEnd > start && newEnd > start && before[oldEnd - 1] === after[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  const paired = Math.min(oldEnd, newEnd);
  for (let i = start; i < paired; i++) compare(before[i], after[i], `${path}/${i}`, patch);
  for (let i = oldEnd - 1; i >= paired; i--) patch.push({ op: 'remove', path: `${path}/${i}` });
  for (let i = paired; i < newEnd; i++) patch.push({ op: 'add', path: `${path}/${i}`, value: after[i] });
}

/**
 * Applies a patch and gives the new state. The old one stays as it is, and what the patch does not touch is shared.
 * @throws {Error} when it does not fit: an operation other than `add`, `remove` and `replace`, a place that is not there
 */
export function applyPatch<State>(state: State, patch: readonly PatchOperation[]): State {
  const root: Members = { state };
  /** Objects of this patch's own making, which it may change. */
  const own = new Set<unknown>([root]);
  for (const operation of patch) {
    const keys = ['state', ...splitPath(operation.path)];
    const last = keys.pop() as string;
    let holder = root;
    for (const key of keys) holder = holder[keyIn(holder, key)] = takeCopy(holder[keyIn(holder, key)], own);
    change(holder, last, operation);
  }
  return root.state as State;
}

function change(holder: Members | unknown[], last: string, operation: PatchOperation): void {
  const { op } = operation;
  if (op === 'add' && Array.isArray(holder)) {
    const at = last === '-' ? holder.length : Number(keyIn(holder, last, 1));
    holder.splice(at, 0, operation.value);
    return;
  }
  if (last === '__proto__') misfit(last);
  const key = op === 'add' ? last : keyIn(holder, last);
  if (op === 'remove' && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (op === 'remove') delete (holder as Members)[key];
  else if (op === 'add' || op === 'replace') (holder as Members)[key] = operation.value;
  else misfit(op);
}

/** Own members only, and of a list its numbers, and `room` after them. RFC 6901, 4: no leading zeros. */
function keyIn(holder: Members | unknown[], key: string, room = 0): string {
  const isIn = Array.isArray(holder)
    ? /^(0|[1-9]\d*)$/.test(key) && Number(key) < holder.length + room
    : Object.hasOwn(holder, key);
  if (!isIn) misfit(key);
  return key;
}

function takeCopy(value: unknown, own: Set<unknown>): Members {
  if (typeof value !== 'object' || value === null) misfit(typeof value);
  if (own.has(value)) return value as Members;
  const copy = (Array.isArray(value) ? value.slice() : { ...value }) as Members;
  own.add(copy);
  return copy;
}

function splitPath(path: string): string[] {
  const [first, ...keys] = path.split('/');
  if (first !== '') misfit(path);
  return keys.map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
}

function escapeKey(key: string): string {
  return key.replace(/~/g, '~0').replace(/\//g, '~1');
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function misfit(what: unknown): never {
  throw new Error(`Cannot apply a patch: "${what}" does not fit`);
}
