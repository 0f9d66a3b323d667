import { findPositionParts, kindOf, type LogName, type Position, type StartPosition } from 'message-flow/protocol';
import type { Positions, Session } from '../../src/client/session-event.ts';

/** What a page writes to `sessionStorage`: runs begin from their start. */
export function savedPlaces({ logs }: Session): Positions {
  const at: Record<string, Position> = {};
  for (const { log, position } of logs.values()) {
    if (position && position !== 'start' && kindOf(log) !== 'run') at[log] = position;
  }
  return at;
}

/** True when a session has caught up in all of these logs, and stands where they end. */
export function isAtTops(
  { status, logs }: Session,
  names: readonly LogName[],
  topOf: (log: LogName) => Position,
): boolean {
  return (
    status.authenticated &&
    names.every((log) => logs.get(log)?.isLive && isSamePlace(logs.get(log)?.position, topOf(log)))
  );
}

function isSamePlace(mine: StartPosition | undefined, top: Position): boolean {
  const [a, b] = [mine && findPositionParts(mine), findPositionParts(top)];
  if (!a || !b || a.epoch !== b.epoch || a.offset !== b.offset) return false;
  return a.tag === b.tag || a.tag === '' || b.tag === '';
}
