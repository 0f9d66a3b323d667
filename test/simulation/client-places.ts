import { kindOf, type LogName, type Position } from 'message-flow/protocol';
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
  isEnd: (log: LogName, at: Position) => boolean,
): boolean {
  return (
    status.authenticated &&
    names.every((log) => {
      const { isLive, position } = logs.get(log) ?? {};
      return isLive && position !== undefined && position !== 'start' && isEnd(log, position);
    })
  );
}
