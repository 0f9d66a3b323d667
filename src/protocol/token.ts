import { utf8Length } from './limits.ts';
import type { LogName } from './log-name.ts';

/** What every token says it is for. */
export const TOKEN_AUDIENCE = 'message-flow';

/** What a token says: a JWT, HS256. Times are seconds since 1970, with fractions. RFC 7519, 2: NumericDate. */
export interface TokenClaims {
  readonly aud: typeof TOKEN_AUDIENCE;
  /** The user's id. */
  readonly sub: string;
  /** The token's own id, by which it can be revoked. */
  readonly jti: string;
  /** The user's session, by which it can be revoked. */
  readonly sid?: string;
  readonly iat: number;
  readonly exp: number;
  /** The exact channels and stores that may be followed; at most 128. */
  readonly logs: readonly LogName[];
  /** The memory broker's epoch: another's gateway refuses. */
  readonly epoch?: string;
}

/** The secret that development: true uses; anywhere else it is refused. */
export const DEVELOPMENT_SECRET = 'message-flow development secret, never for production';

/** What revokes: every token of a user, a session, or one token, issued at or before a time in milliseconds since 1970. */
export type Revocation = ({ readonly user: string } | { readonly session: string } | { readonly token: string }) & {
  readonly before: number;
};

const MIN_SECRET_BYTES = 32;

/**
 * Checks the secrets that sign and verify tokens: the first signs, all verify.
 * @throws {RangeError} when there is none, one is under 32 bytes, begins or ends with white space or has a line's end in it,
 *   or is the development secret outside development
 */
export function resolveSecrets(
  secret: string | readonly string[] | undefined,
  development: boolean,
): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : (secret ?? []);
  if (secrets.length === 0 && development) return [DEVELOPMENT_SECRET];
  if (secrets.length === 0)
    throw new RangeError('Cannot sign tokens: secret is not set. Set it to 32 random bytes or more');
  for (const [i, text] of secrets.entries()) {
    if (text === DEVELOPMENT_SECRET && !development) {
      throw new RangeError(
        'Cannot sign tokens: secret is the development secret, known to everyone. Set it to 32 random bytes or more',
      );
    }
    // A file has one at its end, and who trims it signs otherwise: "wrong-signature" would not tell why.
    if (text !== text.trim() || /[\r\n]/.test(text)) {
      throw new RangeError(
        `Cannot sign tokens: secret ${i + 1} begins or ends with white space, or has a line's end in it. Trim it; several are a list`,
      );
    }
    const bytes = utf8Length(text);
    if (bytes < MIN_SECRET_BYTES) {
      throw new RangeError(
        `Cannot sign tokens: secret ${i + 1} has ${bytes} bytes, at least ${MIN_SECRET_BYTES} are needed`,
      );
    }
  }
  return secrets;
}
