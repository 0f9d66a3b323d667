import type { ClientFrame, ControlFrame, StartPositions } from './frame.ts';
import { HEARTBEAT } from './frame.ts';
import { type EncodedJson, findJson, isJsonObject } from './json.ts';
import type { LogName } from './log-name.ts';
import type { Position } from './position.ts';

/** What a gateway made of a client's text; `malformed` ends the connection, `invalid` is answered with an ERROR. */
export type ClientText =
  | ClientFrame
  | { readonly type: 'malformed' }
  | { readonly type: 'unknown' }
  | { readonly type: 'invalid'; readonly message: string };

/** Writes an entry's frame around its data, which is JSON already and is not looked at. */
export function encodeEntryFrame(log: LogName, event: string, data: EncodedJson, at: Position): string {
  return `{"id":${JSON.stringify(event)},"data":${data},"log":"${log}","at":"${at}"}`;
}

/** Writes a gateway's frame that is no entry. AUTH REQUEST keeps the 2016 bytes, space and all. */
export function encodeControlFrame(frame: ControlFrame): string {
  switch (frame.type) {
    case 'heartbeat':
      return HEARTBEAT;
    case 'auth-request':
      return '{"id": "AUTH REQUEST"}';
    case 'auth-ok':
      return withData('AUTH OK', frame);
    case 'auth-failed':
      return withData('AUTH FAILED', frame);
    case 'gap':
      return withData('GAP', frame);
    case 'live':
      return withData('LIVE', frame);
    case 'unsubscribed':
      return withData('UNSUBSCRIBED', frame);
    case 'token-expiring':
      return withData('TOKEN EXPIRING', frame);
    case 'drain':
      return withData('DRAIN', frame);
    case 'error':
      return withData('ERROR', frame);
  }
}

/** Reads what a client sent. Never throws: every text is a frame, `malformed`, `unknown` or `invalid`. */
export function readClientText(text: string): ClientText {
  if (text === HEARTBEAT) return { type: 'heartbeat' };
  if (!text.startsWith('{')) return { type: 'bare-token', token: text };
  const frame = findJson(text)?.value;
  if (!isJsonObject(frame)) return { type: 'malformed' };
  const data = frame.data;
  switch (frame.id) {
    case 'AUTH': {
      if (!isJsonObject(data) || typeof data.token !== 'string') return invalid('AUTH needs data.token, a string');
      const logs = findStartPositions(data.logs ?? {});
      return logs ? { type: 'auth', token: data.token, logs } : invalid('AUTH needs data.logs, positions by log');
    }
    case 'SUBSCRIBE': {
      const logs = isJsonObject(data) ? findStartPositions(data.logs) : undefined;
      return logs ? { type: 'subscribe', logs } : invalid('SUBSCRIBE needs data.logs, positions by log');
    }
    case 'UNSUBSCRIBE': {
      const logs = isJsonObject(data) ? data.logs : undefined;
      if (!Array.isArray(logs) || !logs.every((log) => typeof log === 'string')) {
        return invalid('UNSUBSCRIBE needs data.logs, a list of logs');
      }
      return { type: 'unsubscribe', logs };
    }
    default:
      return { type: 'unknown' };
  }
}

function findStartPositions(value: unknown): StartPositions | undefined {
  const isMap = isJsonObject(value) && Object.values(value).every((at) => typeof at === 'string');
  return isMap ? (value as StartPositions) : undefined;
}

function invalid(message: string): ClientText {
  return { type: 'invalid', message };
}

function withData(id: string, { type: _, ...data }: ControlFrame): string {
  return JSON.stringify({ id, data });
}
