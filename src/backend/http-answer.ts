/** What an answer that is no success says, by code: its status and its message. */
const ERRORS = {
  'invalid-request': [400, 'Cannot read the request: it is not what this route takes'],
  'signed-out': [401, 'Cannot answer: nobody is signed in'],
  'not-allowed': [403, 'Cannot answer: this user may not read this store'],
  'cross-site': [403, 'Cannot answer: the request comes from another site'],
  'not-found': [404, 'Cannot answer: there is no such route'],
  'method-not-allowed': [405, 'Cannot answer: the route does not take this method'],
  'user-changed': [409, 'Cannot answer: another user is signed in than the page takes itself for'],
  'too-large': [413, 'Cannot read the request: it is too large'],
  'not-json': [415, 'Cannot read the request: its content-type is not application/json'],
  internal: [500, 'Cannot answer: the server failed'],
  unavailable: [503, 'Cannot answer: the broker gave no answer in time'],
} as const;

/** Why a request was not served. */
export type HttpErrorCode = keyof typeof ERRORS;

/** A request that is not served: thrown inside a route, answered by the handler. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: HttpErrorCode;

  constructor(code: HttpErrorCode, message: string = ERRORS[code][1]) {
    super(message);
    this.code = code;
  }
}

/** Nothing here may be kept by a cache: answers hold tokens, or say who is signed in. */
const NO_STORE = { 'cache-control': 'no-store' };

/** An answer in JSON. */
export function answerJson(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { ...NO_STORE, 'content-type': 'application/json' } });
}

/** An answer in plain text. */
export function answerText(body: string): Response {
  return new Response(body, { headers: { ...NO_STORE, 'content-type': 'text/plain; charset=utf-8' } });
}

/** The answer to a request that is not served: `{error: {code, message}}`. */
export function answerError({ code, message }: HttpError, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify({ error: { code, message } }), {
    status: ERRORS[code][0],
    headers: { ...NO_STORE, 'content-type': 'application/json', ...headers },
  });
}
