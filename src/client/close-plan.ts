import type { CloseCode } from '../protocol/index.ts';
import type { ConnectionReason } from './connection-status.ts';

/** What a close code tells the client, beside trying again. */
export interface ClosePlan {
  readonly reason?: ConnectionReason;
  /** How often to try again on such a code before only the app does; undefined: as often as it comes. */
  readonly retryCount?: number;
  /**
   * How many times the usual to wait, as after a failed attempt even if AUTH OK came before; 0: no longer than after a first
   * failure.
   */
  readonly patience?: number;
  /** The token is of no more use. */
  readonly isTokenSpent?: boolean;
}

const OVERLOADED: ClosePlan = { reason: 'overloaded', patience: 4 };
/** The second time, the app itself must be at fault. */
const FAULTY: ClosePlan = { reason: 'faulty', retryCount: 1 };
const LOST: ClosePlan = {};

/** The table of `docs/protocol.md`. The codes are written out: `CLOSE_CODES` would travel to every page. */
const PLANS: Readonly<Partial<Record<number, ClosePlan>> & Partial<Record<CloseCode, ClosePlan>>> = {
  1001: { reason: 'draining', patience: 0 },
  1009: FAULTY,
  1011: { patience: 4 },
  1013: OVERLOADED,
  4400: FAULTY,
  4401: { reason: 'token-refused', patience: 1, isTokenSpent: true },
  4408: { reason: 'token-expired', isTokenSpent: true },
  4409: { reason: 'signed-out', retryCount: 0 },
  4429: OVERLOADED,
};

/** The plan for a close code. What has no row of its own, such as 1006 and 4413, is a loss like any other. */
export function planAfterClose(code: number): ClosePlan {
  return PLANS[code] ?? LOST;
}
