import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FastifyReplyLike, type FastifyRequestLike, isFastifyReply, sendByFastify } from './fastify-exchange.ts';
import type { Handler } from './handler.ts';
import { answerError, HttpError } from './http-answer.ts';
import { takeBody } from './node-body.ts';
import { createRequest } from './node-request.ts';
import { type NodeHandlerOptions, resolveNodeHandlerOptions } from './options.ts';

/** A request of Node, and what Express, connect and body parsers add to it. */
export interface NodeRequest extends IncomingMessage {
  /** The whole path, where a router took the mount off `url`. */
  readonly originalUrl?: string;
  /** What a body parser made of the body. */
  readonly body?: unknown;
}

/** A handler as Node's servers and their frameworks take it. */
export interface NodeHandler {
  /** Node, Express, connect-likes. Passes on to `next` what is not the handler's own; without one that is a 404. */
  (request: NodeRequest, response: ServerResponse, next?: (error?: unknown) => void): Promise<void>;
  /** Fastify: `app.all('/flow/*', toNodeHandler(handler))`. What is not the handler's own is Fastify's "not found". */
  (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown>;
}

/**
 * Puts a handler into Node's own server, Express, Fastify or anything like connect, before or after body parsers and
 * sessions; `authenticate` gets the framework's request as `native`. Under a mount the whole path is tried first, then the
 * path below the mount. Bodies and answers are held whole in memory, bodies up to `maxBodyBytes`. When the client leaves,
 * the request's signal aborts.
 *
 * ```ts
 * app.use(toNodeHandler(flow.handler))
 * ```
 * @throws {RangeError} when an option is out of its bounds
 */
export function toNodeHandler(handler: Handler, options: NodeHandlerOptions = {}): NodeHandler {
  const { maxBodyBytes } = resolveNodeHandlerOptions(options);

  /** Asks the handler. `parsed` is what a body parser left, `native` what `authenticate` gets. */
  async function ask(
    message: IncomingMessage,
    response: ServerResponse,
    path: string,
    parsed: unknown,
    native: unknown,
  ) {
    const left = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
    });
    try {
      const body = await takeBody(message, parsed, maxBodyBytes);
      return await handler(createRequest(message, path, body, left.signal), native);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (!message.complete && message.httpVersionMajor < 2) response.setHeader('connection', 'close');
      return answerError(error);
    }
  }

  async function handle(
    request: NodeRequest | FastifyRequestLike,
    response: ServerResponse | FastifyReplyLike,
    next?: (error?: unknown) => void,
  ): Promise<unknown> {
    if (isFastifyReply(response)) {
      const { raw, body } = request as FastifyRequestLike;
      const path = findOwnPath(handler, raw);
      if (path === undefined) return response.callNotFound();
      return sendByFastify(response, await ask(raw, response.raw, path, body, request));
    }
    const message = request as NodeRequest;
    const path = findOwnPath(handler, message);
    if (path === undefined) return next ? next() : endPlain(response, 404, 'Not found');
    try {
      return await write(response, await ask(message, response, path, message.body, message));
    } catch (error) {
      return next ? next(error) : endPlain(response, 500, 'Internal server error');
    }
  }

  return handle as NodeHandler;
}

/** The path by which the handler knows a request, query and all; undefined when it is the app's. */
function findOwnPath(handler: Handler, { originalUrl, url = '' }: NodeRequest): string | undefined {
  const paths = originalUrl === undefined ? [url] : [originalUrl, url];
  return paths.find((path) => handler.matches(path.split('?', 1)[0] as string));
}

/** Headers that others have set stay. */
async function write(target: ServerResponse, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (target.destroyed || target.headersSent) return; // the client left, or another has answered in its place
  target.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie') target.appendHeader(name, value);
    else target.setHeader(name, value);
  }
  target.end(body);
}

function endPlain(target: ServerResponse, status: number, text: string): void {
  if (target.headersSent) return;
  target
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .end(`${text}\n`);
}
