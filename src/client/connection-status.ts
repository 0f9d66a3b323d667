/**
 * What a page may show. `live`: all that it follows has caught up; this also covers the first 5 s after a loss, which most
 * reconnects need. `resuming`: longer than that. `offline`: our own probe or attempts failed, or the app stopped it.
 * `signed-out`: the token endpoint or a revocation said so; only `connect()` tries again.
 */
export type ConnectionState = 'connecting' | 'live' | 'resuming' | 'offline' | 'signed-out';

/** Why the connection is as it is: the cause of its latest change. */
export type ConnectionReason =
  /** Nobody asked for a connection yet. */
  | 'idle'
  | 'started'
  | 'authenticated'
  | 'caught-up'
  /** The socket ended, or did not open. */
  | 'closed'
  /** The gateway did not open or authenticate within 10 s. */
  | 'timed-out'
  /** The gateway said nothing, and did not answer our probe. */
  | 'silent'
  | 'draining'
  | 'overloaded'
  | 'token-expired'
  | 'token-refused'
  | 'token-unavailable'
  /** The token endpoint said so, or the gateway: the user, the session or the token was revoked. */
  | 'signed-out'
  /** The gateway could not read our frames: a fault in the app. After the second time, only `connect()` tries again. */
  | 'faulty'
  | 'user-changed'
  | 'stopped';

/** How the connection is. A new object whenever something in it changed, so that identity tells. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly reason: ConnectionReason;
  /** A socket is open. */
  readonly connected: boolean;
  /** The gateway took our token on this socket. */
  readonly authenticated: boolean;
  /** Whom the latest token speaks for; undefined before the first, and when signed out. */
  readonly user: string | undefined;
}

/** True when nothing differs. */
export function isSameStatus(a: ConnectionStatus, b: ConnectionStatus | undefined): boolean {
  return (Object.keys(a) as (keyof ConnectionStatus)[]).every((key) => a[key] === b?.[key]);
}
