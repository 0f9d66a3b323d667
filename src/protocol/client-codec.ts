import type { ClientFrame, FrameErrorCode, GatewayFrame } from './frame.ts';
import { HEARTBEAT } from './frame.ts';
import { findJson, isJsonObject } from './json.ts';
import type { LogName } from './log-name.ts';
import { findPositionParts, type Position } from './position.ts';

/** Writes a frame as a client sends it. */
export function encodeClientFrame(frame: ClientFrame): string {
  if (frame.type === 'heartbeat') return HEARTBEAT;
  if (frame.type === 'bare-token') return frame.token;
  // The other ids are their types in capitals; said so, and not one by one, as each word travels to every page.
  const { type, ...data } = frame;
  return JSON.stringify({ id: type.toUpperCase(), data });
}

/** Reads what a gateway sent; undefined for what this version does not know or what is in a wrong shape: ignored. */
export function findGatewayFrame(text: string): GatewayFrame | undefined {
  if (text === HEARTBEAT) return { type: 'heartbeat' };
  const frame = findJson(text)?.value;
  if (!isJsonObject(frame) || typeof frame.id !== 'string') return undefined;
  // Only entries have `log` and `at` of their own, so an entry may bear any name.
  if ('log' in frame && 'at' in frame) {
    return isPlace(frame)
      ? { type: 'entry', event: frame.id, data: frame.data, log: frame.log, at: frame.at }
      : undefined;
  }
  return findControlFrame(frame.id, isJsonObject(frame.data) ? frame.data : {});
}

function findControlFrame(id: string, data: Record<string, unknown>): GatewayFrame | undefined {
  switch (id) {
    case 'AUTH REQUEST':
      return { type: 'auth-request' };
    case 'AUTH OK': {
      const { user } = data;
      // JSON has no word for "never" but null.
      const heartbeatMs = data.heartbeatMs === null ? Number.POSITIVE_INFINITY : data.heartbeatMs;
      return typeof user === 'string' && isDuration(heartbeatMs) ? { type: 'auth-ok', user, heartbeatMs } : undefined;
    }
    case 'AUTH FAILED':
      return { type: 'auth-failed', reason: textOf(data.reason) };
    case 'GAP':
      return isPlace(data)
        ? { type: 'gap', log: data.log, at: data.at, reason: data.reason === 'trimmed' ? 'trimmed' : 'reset' }
        : undefined;
    case 'LIVE':
      return isPlace(data) ? { type: 'live', log: data.log, at: data.at } : undefined;
    case 'UNSUBSCRIBED':
      if (typeof data.log !== 'string') return undefined;
      return {
        type: 'unsubscribed',
        log: data.log as LogName,
        reason: data.reason === 'revoked' ? 'revoked' : 'refused',
      };
    case 'TOKEN EXPIRING':
      return isDuration(data.inMs) ? { type: 'token-expiring', inMs: data.inMs } : undefined;
    case 'DRAIN':
      return isDuration(data.withinMs) ? { type: 'drain', withinMs: data.withinMs } : undefined;
    case 'ERROR': {
      if (typeof data.code !== 'string') return undefined;
      const error = { type: 'error', code: data.code as FrameErrorCode, message: textOf(data.message) } as const;
      return typeof data.log === 'string' ? { ...error, log: data.log } : error;
    }
  }
  return undefined;
}

function isPlace<T extends Record<string, unknown>>(data: T): data is T & { log: LogName; at: Position } {
  return typeof data.log === 'string' && typeof data.at === 'string' && findPositionParts(data.at) !== undefined;
}

/** A timer that is handed NaN fires at once, so no duration passes unchecked. */
function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
