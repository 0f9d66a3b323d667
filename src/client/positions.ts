import { findPositionParts, isAtOrBefore, type Position, type StartPosition } from '../protocol/index.ts';

/** True when an entry is not yet ours. Another epoch's never is: only a GAP, or no place at all, could have led there. */
export function isNews(entry: Position, mine: StartPosition | undefined): boolean {
  return !mine || mine === 'start' || !isAtOrBefore(entry, mine);
}

/**
 * The position once the gateway said LIVE. Only who has no place yet takes the gateway's: an empty log's then counts from
 * now on. A place further on than ours without entries or a GAP between is a mistake, and taking it would hide it.
 */
export function positionAfterLive(live: Position, mine: StartPosition | undefined): Position {
  return !mine || mine === 'start' ? live : mine;
}

/** The first of these that is a position: what `sessionStorage` holds, else the token's. A snapshot's beats both earlier. */
export function choosePosition(...candidates: readonly unknown[]): Position | undefined {
  return candidates.find((at): at is Position => typeof at === 'string' && findPositionParts(at) !== undefined);
}
