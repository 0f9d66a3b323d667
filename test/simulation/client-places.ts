import type { LogName, Position } from 'message-flow/protocol';
import type { Session } from '../../src/client/session-event.ts';

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
