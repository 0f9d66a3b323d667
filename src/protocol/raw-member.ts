import type { EncodedJson } from './json.ts';

/**
 * The text of one member of each message, cut out of a body that `JSON.parse` took: numbers keep every digit, strings every
 * escape. The body is one object or a list of objects; a message without that member gives undefined.
 */
export function cutRawMembers(body: string, member: string): (EncodedJson | undefined)[] {
  let at = 0;

  function skipSpace(): void {
    while (' \t\n\r'.includes(body[at] as string) && at < body.length) at++;
  }

  function skipString(): void {
    for (at++; body[at] !== '"'; at++) if (body[at] === '\\') at++;
    at++;
  }

  /** Moves past any value. The body is known to be JSON, so brackets balance. */
  function skipValue(): void {
    let depth = 0;
    do {
      skipSpace();
      const char = body[at] as string;
      if (char === '"') skipString();
      else if ('{['.includes(char)) {
        depth++;
        at++;
      } else if ('}]'.includes(char)) {
        depth--;
        at++;
      } else if (',:'.includes(char)) at++;
      else while (at < body.length && !',:]} \t\n\r'.includes(body[at] as string)) at++;
    } while (depth > 0);
  }

  function cutMessage(): EncodedJson | undefined {
    let found: EncodedJson | undefined;
    at++; // {
    for (skipSpace(); body[at] !== '}'; skipSpace()) {
      if (body[at] === ',') at++;
      skipSpace();
      const nameAt = at;
      skipString();
      const name: unknown = JSON.parse(body.slice(nameAt, at));
      skipSpace();
      at++; // :
      skipSpace();
      const valueAt = at;
      skipValue();
      if (name === member) found = body.slice(valueAt, at) as EncodedJson; // of two, JSON.parse takes the last, and so do we
    }
    at++; // }
    return found;
  }

  skipSpace();
  if (body[at] !== '[') return [cutMessage()];
  const all: (EncodedJson | undefined)[] = [];
  at++; // [
  for (skipSpace(); body[at] !== ']'; skipSpace()) {
    if (body[at] === ',') at++;
    skipSpace();
    all.push(cutMessage());
  }
  return all;
}
