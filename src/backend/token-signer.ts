import { randomUUID, webcrypto } from 'node:crypto';
import { SignJWT } from 'jose';
import { type LogName, TOKEN_AUDIENCE, type TokenClaims } from '../protocol/index.ts';

/** What a token is to say. */
export interface TokenSubject {
  readonly user: string;
  readonly session?: string | undefined;
  /** The channels and stores that may be followed; the user's own log and `everyone` are always. @default none */
  readonly logs?: readonly LogName[];
  /** The memory broker's, where there is one. @default none */
  readonly epoch?: string | undefined;
  /** When it was asked for, in milliseconds since 1970. A revocation of this millisecond or later refuses it. */
  readonly issuedAtMs: number;
  /** How long it is good, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Creates the claims of a token, with an id of its own. Times keep their fractions: RFC 7519, 2. */
export function createClaims({ user, session, logs = [], epoch, issuedAtMs, lifetimeMs }: TokenSubject): TokenClaims {
  return {
    aud: TOKEN_AUDIENCE,
    sub: user,
    jti: randomUUID(),
    ...(session !== undefined && { sid: session }),
    iat: issuedAtMs / 1_000,
    exp: (issuedAtMs + lifetimeMs) / 1_000,
    logs,
    ...(epoch !== undefined && { epoch }),
  };
}

/**
 * Signs claims as a gateway verifies them: JWT, HS256. Resolves to the token's text.
 * @param secret at least 32 bytes; `resolveSecrets` of `message-flow/protocol` checks it
 */
export async function signToken(claims: TokenClaims, secret: string): Promise<string> {
  // Not the bytes: a library that asks whether they are a Uint8Array is wrong where a test's page has one of its own, as jsdom.
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret, 'utf8'), algorithm, false, ['sign']);
  return await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);
}
