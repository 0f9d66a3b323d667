import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-answer.ts';

/**
 * Takes a request's body: what a parser made of it, encoded again, or what it reads itself. Undefined when there is none.
 * @param parsed what a body parser left on the request, if one was there
 * @throws {HttpError} `too-large` when it is over `maxBytes`; `invalid-request` when the client leaves before its end
 */
export async function takeBody(
  message: IncomingMessage,
  parsed: unknown,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
  if (message.method === 'GET' || message.method === 'HEAD') return undefined;
  // That the stream was read is the proof, not the body: older parsers leave an empty object where they read nothing.
  const body = message.readableDidRead ? encodeBody(parsed) : await readBody(message, maxBytes);
  if (body !== undefined && Buffer.byteLength(body) > maxBytes) throw tooLarge(maxBytes);
  return body;
}

/** Bytes and text stay as they are; what a parser made of JSON becomes JSON again. */
function encodeBody(parsed: unknown): Uint8Array<ArrayBuffer> | string | undefined {
  if (typeof parsed === 'string') return parsed;
  return parsed instanceof Uint8Array ? new Uint8Array(parsed) : JSON.stringify(parsed);
}

function readBody(message: IncomingMessage, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const fail = () =>
      reject(new HttpError('invalid-request', 'Cannot read the request: the client left before its end'));
    if (message.destroyed) fail();
    if (Number(message.headers['content-length']) > maxBytes) reject(tooLarge(maxBytes));
    message.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      // The rest is read and dropped: a client that is still writing would not see the answer of a socket that was cut.
      if (bytes > maxBytes) reject(tooLarge(maxBytes));
      else chunks.push(chunk);
    });
    message.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    message.on('error', fail);
    message.on('close', fail); // after `end` it says nothing new
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError('too-large', `Cannot read the request: its body is over ${maxBytes} bytes`);
}
