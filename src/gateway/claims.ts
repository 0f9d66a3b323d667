import {
  type Dialect,
  findLogName,
  type LogName,
  MAX_LOGS,
  TOKEN_AUDIENCE,
  type TokenClaims,
  userLog,
} from '../protocol/index.ts';

/** Why a token was refused; the words of AUTH FAILED. */
export type TokenRefusal = 'malformed' | 'expired' | 'wrong-signature' | 'wrong-claims' | 'wrong-epoch' | 'revoked';

/** What a token says, once it is verified. An old one has no audience and no id; one without an end has `Infinity`. */
export type VerifiedClaims = Pick<TokenClaims, 'sub' | 'sid' | 'iat' | 'exp' | 'logs'> &
  Partial<Pick<TokenClaims, 'aud' | 'jti'>>;

/** What a token turned out to be; `dialect`: what its bearer speaks when it is sent bare. */
export type TokenVerdict =
  | { readonly claims: VerifiedClaims; readonly dialect?: Dialect | undefined }
  | { readonly refusal: TokenRefusal };

/** Which older peers' tokens are good. */
export interface OldTokens {
  readonly dialects: readonly Dialect[];
  /** Also those that have no end. */
  readonly unexpiringTokens: boolean;
}

/** A token can't promise more than a day: what is stolen ends. */
const MAX_LIFETIME_S = 24 * 3_600;
/** How far another machine's clock may be ahead, in seconds. */
const CLOCK_LEEWAY_S = 5;

/**
 * Judges the claims of a token of ours; its signature, audience and times were checked.
 * @param epoch the memory broker's: a token that names another one came from another process, and its logs are not here
 */
export function judgeClaims(payload: Record<string, unknown>, epoch: string | undefined, nowS: number): TokenVerdict {
  const { sub, jti, sid, iat, exp, logs = [], epoch: named } = payload;
  const isWellFormed =
    isUser(sub) &&
    isName(jti) &&
    (sid === undefined || isName(sid)) &&
    isLifetime(iat, exp, nowS) &&
    Array.isArray(logs) &&
    logs.length <= MAX_LOGS &&
    logs.every((log) => typeof log === 'string' && findLogName(log));
  if (!isWellFormed) return { refusal: 'wrong-claims' };
  if (epoch !== undefined && named !== undefined && named !== epoch) return { refusal: 'wrong-epoch' };
  return {
    claims: {
      ...{ aud: TOKEN_AUDIENCE, sub, jti, iat: iat as number, exp: exp as number, logs: logs as LogName[] },
      ...(sid === undefined ? {} : { sid }),
    },
  };
}

/**
 * Judges the claims of an older peer's token: the first dialect whose claim it has says who it is for. One that does not say
 * when it was issued counts as issued as early as it can have been, so that no revocation misses it.
 */
export function judgeOldClaims(
  payload: Record<string, unknown>,
  { dialects, unexpiringTokens }: OldTokens,
  nowS: number,
): TokenVerdict {
  const dialect = dialects.find(({ claim }) => Object.hasOwn(payload, claim));
  const user = dialect && payload[dialect.claim];
  const { exp, iat = typeof exp === 'number' ? exp - MAX_LIFETIME_S : 0, aud } = payload;
  const hasGoodTimes = exp === undefined ? unexpiringTokens && isLifetime(iat, iat, nowS) : isLifetime(iat, exp, nowS);
  // What names an audience was made for someone else: none of the dialects' web apps ever did.
  if (!isUser(user) || !hasGoodTimes || aud !== undefined) return { refusal: 'wrong-claims' };
  const claims = {
    sub: user,
    iat: iat as number,
    exp: (exp as number | undefined) ?? Number.POSITIVE_INFINITY,
    logs: [],
  };
  return { claims, dialect };
}

function isLifetime(iat: unknown, exp: unknown, nowS: number): boolean {
  return (
    typeof iat === 'number' && typeof exp === 'number' && iat <= nowS + CLOCK_LEEWAY_S && exp - iat <= MAX_LIFETIME_S
  );
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
