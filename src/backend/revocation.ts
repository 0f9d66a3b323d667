import { CONTROL, encodeJson, type Revocation } from '../protocol/index.ts';
import type { Sender } from './sender.ts';

/** Whom to sign out: every token of a user or of a session, or the one token with this `jti`. */
export type RevocationTarget = { readonly user: string } | { readonly session: string } | { readonly token: string };

/**
 * Tells every gateway to refuse what was issued at or before a time, in milliseconds since 1970. Settles like a send.
 * @throws {TypeError} when the target names none or more than one, or an empty one
 */
export function revoke(sender: Sender, target: RevocationTarget, before: number): Promise<void> {
  const sent = sender.send(CONTROL, 'revoke', undefined, () => encodeJson(createRevocation(target, before)));
  const stored = sent.then(() => {});
  stored.catch(() => {}); // like any send: not awaited, a failure is counted and reported, not thrown at the process
  return stored;
}

function createRevocation(target: RevocationTarget, before: number): Revocation {
  const named = Object.entries(target).filter(([kind]) => kind === 'user' || kind === 'session' || kind === 'token');
  const [[kind, value] = ['', undefined]] = named;
  if (named.length !== 1 || typeof value !== 'string' || value === '') {
    throw new TypeError('Cannot revoke: the target must name one user, session or token, by an id that is not empty');
  }
  return { [kind]: value, before } as unknown as Revocation;
}
