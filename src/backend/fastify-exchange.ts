import type { IncomingMessage, ServerResponse } from 'node:http';

/** Fastify's request, as far as it is used. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  /** What Fastify's parsers made of the body. */
  readonly body?: unknown;
}

/** Fastify's reply, as far as it is used. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse;
  /** Sets the status. */
  code(status: number): unknown;
  /** Sets a header; `set-cookie` is added. */
  header(name: string, value: string): unknown;
  /** Ends the request, once its hooks have run. */
  send(payload: Uint8Array): unknown;
  /** Answers by the app's "not found". */
  callNotFound(): unknown;
}

/** True for Fastify's reply: nothing else that answers requests has this method. */
export function isFastifyReply(reply: object): reply is FastifyReplyLike {
  return 'callNotFound' in reply;
}

/** Answers by Fastify's own reply, so that its hooks run: sessions are saved, headers of other plugins stay. */
export async function sendByFastify(reply: FastifyReplyLike, response: Response): Promise<unknown> {
  const body = new Uint8Array(await response.arrayBuffer());
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
  return reply.send(body);
}
