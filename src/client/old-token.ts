import { findJson, isJsonObject, userLog } from '../protocol/index.ts';

/** What a client needs of `fetch` to ask an old web app for a token. */
export type OldFetch = (
  url: string,
  init: { readonly credentials: 'same-origin'; readonly headers: Readonly<Record<string, string>> },
) => Promise<{
  readonly status: number;
  /** As `Response.text`. */
  text(): Promise<string>;
}>;

const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Asks for a token; none when the app gave none, as when it leads those who are signed out to a page. Rejects as `ask` does. */
export async function requestOldToken(
  ask: OldFetch,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly token?: string }> {
  const response = await ask(url, { credentials: 'same-origin', headers });
  const text = (await response.text()).trim();
  const answer = findJson(text)?.value;
  const data = isJsonObject(answer) ? answer.data : undefined;
  const token = isJsonObject(data) ? data.token : text;
  const { status } = response;
  return status === 200 && typeof token === 'string' && JWT.test(token) ? { status, token } : { status };
}

/** Reads in a token whom it is for; undefined: nobody that could be named. */
export function findOldUser(token: string, claim: string): string | undefined {
  try {
    const base64 = (token.split('.')[1] as string).replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0));
    const user = (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)[claim];
    return typeof user === 'string' && userLog(user) ? user : undefined;
  } catch {
    return undefined; // no token, no JSON, or no name
  }
}
