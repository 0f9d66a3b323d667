import { isJsonObject, type LogName } from '../protocol/index.ts';
import type { ResolvedOptions } from './options.ts';
import type { Positions, SessionEvent } from './session-event.ts';

/** What the token endpoint said, as the session takes it. */
export type TokenOutcome = Extract<SessionEvent, { type: 'token' | 'token-failed' }>;

/** No token now, but perhaps later. */
export const UNAVAILABLE: TokenOutcome = { type: 'token-failed', reason: 'unavailable' };

/** Asks the backend for a token that lists these logs. Only a 401 means signed out, all else `unavailable`; rejects with what `headers` throws. */
export async function requestToken(
  { flow, headers, fetch }: ResolvedOptions,
  logs: readonly LogName[],
): Promise<TokenOutcome> {
  const own = headers();
  try {
    const response = await fetch(`${flow}/token`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', ...own },
      body: JSON.stringify({ logs }),
    });
    if (response.status === 401) return { type: 'token-failed', reason: 'signed-out' };
    const { token, user, at, refused } = (await response.json()) as Record<string, unknown>;
    const isAnswer =
      typeof token === 'string' && typeof user === 'string' && isJsonObject(at) && Array.isArray(refused);
    // The session looks at each position when it takes it.
    return isAnswer ? { type: 'token', token, user, at: at as Positions, refused } : UNAVAILABLE;
  } catch {
    return UNAVAILABLE; // no network, no JSON as of a proxy's page, or no object
  }
}
