import { webcrypto } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { MAX_TOKEN_BYTES, TOKEN_AUDIENCE } from '../protocol/index.ts';
import { judgeClaims, judgeOldClaims, type OldTokens, type TokenRefusal, type TokenVerdict } from './claims.ts';

/** Checks tokens; never throws. */
export type TokenVerifier = (token: string) => Promise<TokenVerdict>;

/** What was verified and is good. */
type GoodVerdict = Extract<TokenVerdict, { readonly claims: unknown }>;

/** Verified tokens remembered, as a signature costs about 80 µs and reconnects bring the same token again. */
const MAX_REMEMBERED = 10_000;
/** Longer ones list many logs, and are verified each time: what is remembered stays small. */
const MAX_REMEMBERED_BYTES = 2_048;

/**
 * Creates a verifier for HS256 tokens of `message-flow`, and of the older peers that are listed; any of the secrets will do.
 * @param epoch the memory broker's: a token that names another one came from another process, and its logs are not here
 * @param now wall-clock time, in milliseconds since 1970
 */
export function createTokenVerifier(
  secrets: readonly string[],
  epoch: string | undefined,
  oldTokens: OldTokens,
  now: () => number,
): TokenVerifier {
  const keys = secrets.map(importKey);
  const remembered = new Map<string, GoodVerdict>();
  const [first] = oldTokens.dialects;

  async function verify(token: string): Promise<TokenVerdict> {
    // RFC 8725, 3.1: the algorithm is ours to name, never the token's.
    const options = {
      algorithms: ['HS256'],
      audience: TOKEN_AUDIENCE,
      requiredClaims: ['sub', 'jti', 'iat', 'exp'],
      currentDate: new Date(now()),
    };
    let refusal: TokenRefusal = 'malformed';
    for (const importing of keys) {
      try {
        const key = await importing;
        const { payload } = await jwtVerify(token, key, options);
        const verdict = judgeClaims(payload, epoch, now() / 1_000);
        return 'claims' in verdict ? { ...verdict, dialect: first } : verdict;
      } catch (error) {
        refusal = refusalOf(error);
        if (refusal === 'wrong-claims' && first) return verifyOld(token, importing);
        if (refusal !== 'wrong-signature') break;
      }
    }
    return { refusal };
  }

  async function verifyOld(token: string, key: Promise<webcrypto.CryptoKey>): Promise<TokenVerdict> {
    try {
      const { payload } = await jwtVerify(token, await key, { algorithms: ['HS256'], currentDate: new Date(now()) });
      return judgeOldClaims(payload, oldTokens, now() / 1_000);
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  }

  return async (token) => {
    if (token.length > MAX_TOKEN_BYTES) return { refusal: 'malformed' };
    const known = remembered.get(token);
    if (known && known.claims.exp * 1_000 > now()) return known;
    const verdict = await verify(token);
    if ('claims' in verdict && token.length <= MAX_REMEMBERED_BYTES) {
      if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
      remembered.set(token, verdict);
    }
    return verdict;
  };
}

/** Not the bytes: a library that asks whether they are a Uint8Array is wrong where a test's page has one of its own, as jsdom. */
function importKey(secret: string): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return webcrypto.subtle.importKey('raw', Buffer.from(secret, 'utf8'), algorithm, false, ['verify']);
}

function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'wrong-signature';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'not-yet-valid' : 'wrong-claims';
  }
  return 'malformed';
}
