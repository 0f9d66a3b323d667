import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-answer.ts';

/** Headers that tell how the body came over the wire, which is not how it is handed on. */
const WIRE_HEADERS = new Set(['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding']);

/**
 * Turns Node's request into the one that `fetch` knows. Its scheme is http: whether a proxy ended TLS is not known here.
 * @throws {HttpError} `invalid-request` when it can't be one: a host that is none, a method such as TRACE
 */
export function createRequest(
  { method = 'GET', headers }: IncomingMessage,
  path: string,
  body: Uint8Array<ArrayBuffer> | string | undefined,
  signal: AbortSignal,
): Request {
  // RFC 9113, 8.3.1: over HTTP/2 `:authority` stands for Host.
  const host = String(headers.host ?? headers[':authority'] ?? 'localhost');
  try {
    const fetchHeaders = new Headers({ host });
    for (const [name, value = []] of Object.entries(headers)) {
      if (name === 'host' || name.startsWith(':') || WIRE_HEADERS.has(name)) continue;
      for (const one of Array.isArray(value) ? value : [value]) fetchHeaders.append(name, one);
    }
    const init = { method, headers: fetchHeaders, signal };
    return new Request(`http://${host}${path}`, body === undefined ? init : { ...init, body });
  } catch {
    // `Request` and `URL` refuse what HTTP allows and nobody asks us for; their words would quote what came.
    throw new HttpError('invalid-request', 'Cannot read the request: its host, path or method is none that is served');
  }
}
