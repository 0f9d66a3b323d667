import { isUtf8 } from 'node:buffer';
import type { Broker } from '../broker/index.ts';
import {
  awaitWithin,
  type Clock,
  findJson,
  findLogName,
  isJsonObject,
  type LogName,
  MAX_LOGS,
} from '../protocol/index.ts';
import type { GatewayHealth } from './canary.ts';
import { isLoopbackHost } from './loopback.ts';
import type { ResolvedOptions } from './options.ts';
import { appendMessages, MAX_BODY_BYTES, readMessages } from './publish.ts';
import { isSameSecret } from './same-secret.ts';
import type { Traffic } from './traffic.ts';

/** Answers the gateway's own HTTP requests, below its `basePath`; put it before body parsers: they change numbers. */
export interface GatewayHandler {
  (request: Request): Promise<Response>;
  /** True for the paths of the gateway's routes; any other belongs to the app. */
  matches(pathname: string): boolean;
}

/** What the routes speak of. */
export interface RoutesContext {
  readonly broker: Broker;
  readonly options: ResolvedOptions;
  readonly traffic: Traffic;
  readonly clock: Clock;
  isReady(): Promise<boolean>;
  /** True when only this machine reaches the server. */
  isLocal(): boolean;
  health(): Promise<GatewayHealth>;
}

type Route = (request: Request) => Promise<Response>;

/** Longest list of logs that `/tops` answers: a connection's own two and what a token lists. */
const MAX_TOPS = MAX_LOGS + 2;
const TOPS_TIMEOUT_MS = 5_000;

/** Creates the handler of `/publish`, `/tops`, `/health`, `/ready` and `/metrics`. */
export function createRoutes(context: RoutesContext): GatewayHandler {
  const { broker, options, traffic, clock, isReady, health } = context;
  const base = options.basePath === '/' ? '' : options.basePath;
  const routes = new Map<string, { readonly method: 'GET' | 'POST'; readonly route: Route }>([
    [`${base}/publish`, { method: 'POST', route: (request) => guarded(request, publish) }],
    [`${base}/tops`, { method: 'POST', route: (request) => guarded(request, readTops) }],
    [`${base}/health`, { method: 'GET', route: answerHealth }],
    [`${base}/ready`, { method: 'GET', route: answerReady }],
    [`${base}/metrics`, { method: 'GET', route: answerMetrics }],
  ]);

  async function guarded(request: Request, route: (body: string) => Promise<Response>): Promise<Response> {
    const denial = findDenial(request, context);
    if (denial) return denial;
    if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')) {
      return failure(415, 'not-json', 'the content type must be application/json');
    }
    const body = await readBody(request);
    if (body === 'too-large') return failure(413, body, `the body has more than ${MAX_BODY_BYTES} bytes`);
    if (body === 'broken-off') return failure(400, body, 'the body broke off');
    return body === 'not-utf-8' ? failure(400, body, 'the body is not UTF-8') : await route(body.text);
  }

  async function publish(body: string): Promise<Response> {
    const read = readMessages(body);
    if ('status' in read) {
      traffic.countPublished('refused');
      const { status, ...error } = read;
      return json(status, { error });
    }
    const results = await appendMessages(broker, clock, read.messages);
    for (const result of results) traffic.countPublished('at' in result ? 'stored' : 'failed');
    return json(200, read.isList ? results : results[0]);
  }

  async function readTops(body: string): Promise<Response> {
    const value = findJson(body)?.value;
    const logs = isJsonObject(value) ? value.logs : undefined;
    if (!Array.isArray(logs) || logs.length > MAX_TOPS) {
      return failure(400, 'invalid-body', `the body is {"logs": [...]}, at most ${MAX_TOPS} names`);
    }
    const wrong = logs.findIndex((log) => typeof log !== 'string' || !findLogName(log));
    if (wrong >= 0) return failure(400, 'invalid-log', `logs[${wrong}] is not the name of a log`);
    try {
      const tops = await awaitWithin(clock, TOPS_TIMEOUT_MS, () => broker.tops(logs as LogName[]));
      return json(200, { at: Object.fromEntries(tops) });
    } catch (error) {
      return failure(503, 'unavailable', (error as Error).message);
    }
  }

  async function answerHealth(): Promise<Response> {
    const parts = await health();
    return json(parts.broker.ok && parts.ring.ok && parts.socket.ok ? 200 : 503, parts);
  }

  async function answerReady(): Promise<Response> {
    return (await isReady()) ? json(200, { ready: true }) : json(503, { ready: false });
  }

  async function answerMetrics(): Promise<Response> {
    const { text, contentType } = await traffic.render();
    return new Response(text, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } });
  }

  const handler = async (request: Request): Promise<Response> => {
    const found = routes.get(new URL(request.url).pathname);
    if (!found) return failure(404, 'not-found', `the gateway answers ${[...routes.keys()].join(', ')}`);
    if (request.method === found.method || (request.method === 'HEAD' && found.method === 'GET'))
      return await found.route(request);
    const answer = failure(405, 'method-not-allowed', `use ${found.method}`);
    answer.headers.set('allow', found.method);
    return answer;
  };

  return Object.assign(handler, { matches: (pathname: string) => routes.has(pathname) });
}

/** Why a request may not publish, or undefined: it has the key, or there is none on a developer's machine. */
function findDenial(request: Request, { options, isLocal }: RoutesContext): Response | undefined {
  const { publishKey, development } = options;
  if (publishKey !== undefined) {
    const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
    if (isSameSecret(given, publishKey)) return undefined;
    const answer = failure(401, 'unauthorized', 'the header must be Authorization: Bearer, with the publish key');
    answer.headers.set('www-authenticate', 'Bearer');
    return answer;
  }
  if (!development) return failure(403, 'off', 'publishing by HTTP is off: set publishKey');
  // The header is the sender's word: it counts only where none but this machine can send.
  return isLoopbackHost(new URL(request.url).host) && isLocal()
    ? undefined
    : failure(403, 'off', 'without a publishKey, publishing is open on localhost only');
}

type BodyFault = 'too-large' | 'broken-off' | 'not-utf-8';

/** Reads no more than may be, whatever the request says of its length. */
async function readBody(request: Request): Promise<{ readonly text: string } | BodyFault> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) return 'too-large';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) return 'too-large';
      chunks.push(chunk);
    }
  } catch {
    return 'broken-off'; // the sender is gone: nobody reads the answer
  }
  const body = Buffer.concat(chunks);
  return isUtf8(body) ? { text: new TextDecoder().decode(body) } : 'not-utf-8';
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}

function failure(status: number, code: string, message: string): Response {
  return json(status, { error: { code, message } });
}
