import type { Broker } from '../broker/index.ts';
import { awaitWithin, type Clock, type LogName, type Position, type StartPositions } from '../protocol/index.ts';
import type { TokenVerdict } from './claims.ts';
import type { Revocations } from './revocations.ts';
import type { TokenVerifier } from './token.ts';

/** What it takes to authenticate a connection. */
export interface AuthContext {
  readonly verify: TokenVerifier;
  readonly revocations: Revocations;
  /** Settles once the control log was read to its end: before, a revoked token could pass. */
  readonly revocationsKnown: Promise<void>;
  /** Where a connection begins in these logs: where it says, else at their ends, asked for until they are had. */
  positionsOf(logs: readonly LogName[], given: StartPositions, isGone: () => boolean): Promise<StartPositions>;
}

/** Checks a token and whether it was revoked. Never throws. */
export async function checkToken(token: string, context: AuthContext): Promise<TokenVerdict> {
  const verdict = await context.verify(token);
  if ('refusal' in verdict) return verdict;
  await context.revocationsKnown;
  return context.revocations.covers(verdict.claims) ? { refusal: 'revoked' } : verdict;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const TOPS_TIMEOUT_MS = 5_000;

/** Makes `positionsOf` over a broker. */
export function createPositionsOf(
  broker: Broker,
  clock: Clock,
  onFault: (fault: { readonly during: string; readonly error: unknown }) => void,
): AuthContext['positionsOf'] {
  return async (logs, given, isGone) => {
    const known = Object.entries(given).filter(([log]) => logs.includes(log as LogName));
    const asked = logs.filter((log) => !Object.hasOwn(given, log));
    let tops = new Map<LogName, Position>();
    for (let waitMs = FIRST_RETRY_MS; asked.length > 0 && !isGone(); waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        tops = await awaitWithin(clock, TOPS_TIMEOUT_MS, () => broker.tops(asked));
        break;
      } catch (error) {
        onFault({ during: 'tops', error });
        await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      }
    }
    return Object.fromEntries([...known, ...tops]);
  };
}
