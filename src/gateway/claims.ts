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
export type TokenRefusal =
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-signature'
  | 'wrong-claims'
  | 'wrong-epoch'
  | 'revoked';

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
    Array.isArray(logs) &&
    logs.length <= MAX_LOGS &&
    logs.every((log) => typeof log === 'string' && findLogName(log));
  if (!isWellFormed) return { refusal: 'wrong-claims' };
  const fault = findTimeFault(iat, exp, nowS);
  if (fault) return { refusal: fault };
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
  const { exp, iat: said, aud } = payload;
  const iat = said ?? (typeof exp === 'number' ? exp - MAX_LIFETIME_S : 0);
  // What names an audience was made for someone else: none of the dialects' web apps ever did.
  if (!isUser(user) || aud !== undefined) return { refusal: 'wrong-claims' };
  const fault = findTimeFault(iat, exp === undefined && unexpiringTokens ? iat : exp, nowS);
  // Where it is reckoned from the end, what lies ahead is an end too far off, and no clock's fault.
  if (fault) return { refusal: said === undefined ? 'wrong-claims' : fault };
  const claims = {
    sub: user,
    iat: iat as number,
    exp: (exp as number | undefined) ?? Number.POSITIVE_INFINITY,
    logs: [],
  };
  return { claims, dialect };
}

function findTimeFault(iat: unknown, exp: unknown, nowS: number): 'wrong-claims' | 'not-yet-valid' | undefined {
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > MAX_LIFETIME_S) return 'wrong-claims';
  return iat > nowS + CLOCK_LEEWAY_S ? 'not-yet-valid' : undefined;
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
