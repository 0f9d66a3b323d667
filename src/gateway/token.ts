import { createSecretKey } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import {
  findLogName,
  type LogName,
  MAX_LOGS,
  MAX_TOKEN_BYTES,
  TOKEN_AUDIENCE,
  type TokenClaims,
  userLog,
} from '../protocol/index.ts';

/** Why a token was refused; the words of AUTH FAILED. */
type TokenRefusal = 'malformed' | 'expired' | 'wrong-signature' | 'wrong-claims' | 'wrong-epoch' | 'revoked';

/** What a token turned out to be. */
export type TokenVerdict = { readonly claims: TokenClaims } | { readonly refusal: TokenRefusal };

/** Checks tokens; never throws. */
export type TokenVerifier = (token: string) => Promise<TokenVerdict>;

/** A token can't promise more than a day: what is stolen ends. */
const MAX_LIFETIME_S = 24 * 3_600;
/** How far another machine's clock may be ahead, in seconds. */
const CLOCK_LEEWAY_S = 5;
/** Verified tokens remembered, as a signature costs about 80 µs and reconnects bring the same token again. */
const MAX_REMEMBERED = 10_000;
/** Longer ones list many logs, and are verified each time: what is remembered stays small. */
const MAX_REMEMBERED_BYTES = 2_048;

/**
 * Creates a verifier for HS256 tokens of `message-flow`; any of the secrets will do.
 * @param epoch the memory broker's: a token that names another one came from another process, and its logs are not here
 * @param now wall-clock time, in milliseconds since 1970
 */
export function createTokenVerifier(
  secrets: readonly string[],
  epoch: string | undefined,
  now: () => number,
): TokenVerifier {
  const keys = secrets.map((secret) => createSecretKey(Buffer.from(secret, 'utf8')));
  const remembered = new Map<string, TokenClaims>();

  async function verify(token: string): Promise<TokenVerdict> {
    // RFC 8725, 3.1: the algorithm is ours to name, never the token's.
    const options = {
      algorithms: ['HS256'],
      audience: TOKEN_AUDIENCE,
      requiredClaims: ['sub', 'jti', 'iat', 'exp'],
      currentDate: new Date(now()),
    };
    let refusal: TokenRefusal = 'malformed';
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, options);
        return readClaims(payload, epoch, now() / 1_000);
      } catch (error) {
        refusal = refusalOf(error);
        if (refusal !== 'wrong-signature') break;
      }
    }
    return { refusal };
  }

  return async (token) => {
    if (token.length > MAX_TOKEN_BYTES) return { refusal: 'malformed' };
    const known = remembered.get(token);
    if (known && known.exp * 1_000 > now()) return { claims: known };
    const verdict = await verify(token);
    if ('claims' in verdict && token.length <= MAX_REMEMBERED_BYTES) {
      if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
      remembered.set(token, verdict.claims);
    }
    return verdict;
  };
}

function readClaims(payload: Record<string, unknown>, epoch: string | undefined, nowS: number): TokenVerdict {
  const { sub, jti, sid, iat, exp, logs = [], epoch: named } = payload;
  const isWellFormed =
    isUser(sub) &&
    isName(jti) &&
    (sid === undefined || isName(sid)) &&
    typeof iat === 'number' &&
    typeof exp === 'number' &&
    iat <= nowS + CLOCK_LEEWAY_S &&
    exp - iat <= MAX_LIFETIME_S &&
    Array.isArray(logs) &&
    logs.length <= MAX_LOGS &&
    logs.every((log) => typeof log === 'string' && findLogName(log));
  if (!isWellFormed) return { refusal: 'wrong-claims' };
  if (epoch !== undefined && named !== undefined && named !== epoch) return { refusal: 'wrong-epoch' };
  return {
    claims: { aud: TOKEN_AUDIENCE, sub, jti, iat, exp, logs: logs as LogName[], ...(sid === undefined ? {} : { sid }) },
  };
}

/** A user whose log can be named; how long an id may be depends on what of it must be encoded. */
function isUser(value: unknown): value is string {
  if (!isName(value)) return false;
  try {
    return userLog(value) !== undefined;
  } catch {
    return false; // "*", half a surrogate pair, or too long
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong-signature';
  if (error instanceof errors.JWTClaimValidationFailed) return 'wrong-claims';
  return 'malformed';
}
