import { findJson } from '../protocol/index.ts';
import { HttpError } from './http-answer.ts';

/** Largest body that a route reads, in bytes. */
const MAX_BODY_BYTES = 65_536;

/**
 * Reads a request's JSON; undefined when its body is empty.
 * @throws {HttpError} `not-json`, `too-large` or `invalid-request`
 * @throws {TypeError} when it was read before
 */
export async function readJson(request: Request): Promise<unknown> {
  // A form can't send this type, and a page of another origin can't without asking first.
  const contentType = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) throw new HttpError('not-json');
  // A 500, which the flow's `onEvent` tells of: the page has asked as it should.
  if (request.bodyUsed) {
    throw new TypeError('Cannot read the request: its body was read before, so the handler must be given a copy');
  }
  const text = await readText(request);
  if (text.trim() === '') return undefined;
  const json = findJson(text);
  if (!json) throw new HttpError('invalid-request', 'Cannot read the request: its body is not JSON');
  return json.value;
}

async function readText(request: Request): Promise<string> {
  const tooLarge = new HttpError('too-large', `Cannot read the request: its body is over ${MAX_BODY_BYTES} bytes`);
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw tooLarge;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new HttpError('invalid-request', 'Cannot read the request: its body is not UTF-8');
  }
}
