import {
  type GatewayFrame,
  kindOf,
  type LogName,
  MAX_LOGS,
  MAX_TOKEN_LOG_BYTES,
  type StartPosition,
} from '../protocol/index.ts';
import { choosePosition, isNews, positionAfterLive } from './positions.ts';
import type { FollowedLog, Positions, SessionEffect } from './session-event.ts';

/** A followed log, as its session changes it. */
export interface Followed extends FollowedLog {
  position: StartPosition | undefined;
  isLive: boolean;
  /** It may be joined: no token needs to list it, or the latest does. */
  isCovered: boolean;
  membership: Membership;
}

/** What a connection has of a log: nothing, an AUTH that is not yet answered, or its AUTH OK. */
export type Membership = 'apart' | 'joining' | 'joined';

/** The logs of a page by name, in the order in which they were followed. */
export type FollowedLogs = Map<LogName, Followed>;

/** What a token's answer says of logs. */
export interface TokenAnswer {
  readonly at: Positions;
  readonly refused: readonly string[];
  readonly saved?: Positions;
}

/** Follows a log; false: it is one too many for a connection or a token. */
export function addLog(logs: FollowedLogs, log: LogName, from?: StartPosition): boolean {
  const followed = logs.get(log);
  if (followed) {
    followed.position ??= from;
    return true;
  }
  const isRun = kindOf(log) === 'run';
  if (!isOwn(log)) {
    const others = [...logs.keys()].filter((other) => !isOwn(other));
    if (others.length >= MAX_LOGS || [log, ...others].join('').length > MAX_TOKEN_LOG_BYTES) return false;
  }
  logs.set(log, {
    log,
    position: from ?? (isRun ? 'start' : undefined),
    isLive: false,
    isCovered: isRun || isOwn(log),
    membership: 'apart',
  });
  return true;
}

/** The user's log and `everyone`, which are always followed. */
export function isOwn(log: LogName): boolean {
  return /^(everyone|user)/.test(log);
}

/** What a token must list: channels and stores. */
export function findListed(logs: FollowedLogs): LogName[] {
  return [...logs.keys()].filter((log) => /^(channel|store)/.test(log));
}

/**
 * Takes a token's word for the logs that it was asked about, and gives what the app must know. Another user's positions
 * are dropped, and a gap is told for each log that both follow: what lies between was for neither. Undefined: the answer
 * does not name the user's own log, as it must.
 */
export function takeToken(
  logs: FollowedLogs,
  { at, refused, saved }: TokenAnswer,
  asked: readonly LogName[],
  isOtherUser: boolean,
): SessionEffect[] | undefined {
  const mine = Object.keys(at).find((log) => kindOf(log as LogName) === 'user') as LogName | undefined;
  if (!mine) return undefined;
  addLog(logs, mine);
  const effects: SessionEffect[] = [];
  for (const followed of [...logs.values()]) {
    const { log, position: former } = followed;
    if (kindOf(log) === 'user' && log !== mine) logs.delete(log);
    const isAsked = asked.includes(log);
    if (!isAsked && !isOwn(log)) continue;
    if (isOtherUser) followed.position = undefined;
    followed.position ??= choosePosition(saved?.[log], at[log]);
    const { position } = followed;
    if (isAsked) followed.isCovered = position !== undefined && !refused.includes(log);
    if (!followed.isCovered) effects.push({ type: 'unsubscribed', log, reason: 'refused' });
    else if (isOtherUser && former && position && position !== 'start') {
      effects.push({ type: 'gap', log, reason: 'reset', at: position });
    }
  }
  return effects;
}

/** Notes that an AUTH goes out for these, and gives what it says of them. */
export function joinLogs(joinable: readonly Followed[]): Record<string, StartPosition> {
  const at: Record<string, StartPosition> = {};
  for (const followed of joinable) {
    followed.membership = 'joining';
    if (followed.position) at[followed.log] = followed.position;
  }
  return at;
}

/** Notes how the AUTH that was out was answered. */
export function settleJoin(logs: FollowedLogs, membership: Membership): void {
  for (const followed of logs.values()) {
    if (followed.membership === 'joining') followed.membership = membership;
  }
}

/** Notes that the connection is gone. */
export function partLogs(logs: FollowedLogs): void {
  for (const followed of logs.values()) {
    followed.membership = 'apart';
    followed.isLive = false;
  }
}

/** True when everything that was asked for is live. */
export function areCaughtUp(logs: FollowedLogs): boolean {
  for (const { membership, isLive } of logs.values()) if (membership !== 'apart' && !isLive) return false;
  return true;
}

/** Takes what a gateway says of a log, if this connection joined it, and gives what the app must know. */
export function takeNews(
  logs: FollowedLogs,
  frame: Extract<GatewayFrame, { type: 'entry' | 'gap' | 'live' | 'unsubscribed' }>,
): SessionEffect | undefined {
  const followed = logs.get(frame.log);
  if (followed?.membership !== 'joined') return undefined;
  if (frame.type === 'unsubscribed') return !isOwn(frame.log) && logs.delete(frame.log) ? frame : undefined;
  const { position, isLive } = followed;
  const { type, at } = frame;
  if (type === 'entry' && !isNews(at, position)) return undefined;
  followed.position = type === 'live' ? positionAfterLive(at, position) : at;
  followed.isLive ||= type === 'live';
  return type === 'entry' ? { ...frame, type: 'deliver', replayed: !isLive } : frame;
}
