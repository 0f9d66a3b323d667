import type { Revocation } from '../protocol/index.ts';
import type { VerifiedClaims } from './claims.ts';

/** What was revoked, as the control log says; grows with what is revoked in a day. */
export interface Revocations {
  /** Takes what the control log says; false for what is no revocation. */
  add(data: unknown): boolean;
  /** True when a token was issued at or before the moment its user, its session or itself was revoked. */
  covers(claims: VerifiedClaims): boolean;
}

/** No token lives longer than a day, so that no revocation need be kept longer than 25 hours. */
const KEEP_MS = 25 * 3_600_000;
/** Looking at all of them at each one would let a day's revocations hold up a start for minutes. */
const SWEEP_INTERVAL_MS = 3_600_000;

/**
 * Creates an empty list.
 * @param now wall-clock time, in milliseconds since 1970
 */
export function createRevocations(now: () => number): Revocations {
  const before = new Map<string, number>();
  let sweptAt = now();

  function sweep(): void {
    const nowMs = now();
    if (nowMs - sweptAt < SWEEP_INTERVAL_MS) return;
    sweptAt = nowMs;
    for (const [key, at] of before) if (at < nowMs - KEEP_MS) before.delete(key);
  }

  function isCovered(kind: string, id: string | undefined, issuedMs: number): boolean {
    const revokedAt = id === undefined ? undefined : before.get(`${kind}:${id}`);
    return revokedAt !== undefined && issuedMs <= revokedAt;
  }

  return {
    add(data) {
      const revocation = findRevocation(data);
      if (!revocation) return false;
      sweep();
      const [kind, id] = Object.entries(revocation).find(([name]) => name !== 'before') as [string, string];
      const key = `${kind}:${id}`;
      before.set(key, Math.max(revocation.before, before.get(key) ?? 0));
      return true;
    },
    covers({ sub, sid, jti, iat }) {
      const issuedMs = iat * 1_000;
      return (
        isCovered('user', sub, issuedMs) || isCovered('session', sid, issuedMs) || isCovered('token', jti, issuedMs)
      );
    },
  };
}

function findRevocation(data: unknown): Revocation | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { user, session, token, before } = data as Record<string, unknown>;
  if (typeof before !== 'number') return undefined;
  if (typeof user === 'string') return { user, before };
  if (typeof session === 'string') return { session, before };
  return typeof token === 'string' ? { token, before } : undefined;
}
