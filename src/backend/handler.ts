import type { Report } from './flow-event.ts';
import { answerError, HttpError } from './http-answer.ts';
import { isSameOrigin } from './origin-check.ts';
import type { StoreRoutes } from './store/store-routes.ts';
import type { Route, TokenRoutes } from './token-route.ts';

/**
 * Answers HTTP requests, as frameworks that know `fetch` take it: Hono, Next, SvelteKit, Bun, Deno. For Node's own servers,
 * Express and Fastify see `toNodeHandler`. The request's body must be unread: behind a parser hand on a copy, such as Hono's
 * `cloneRawRequest(context.req)`. Never rejects: what fails is answered with 500.
 */
export interface Handler {
  /** `native` is handed on to `authenticate`: whatever holds the framework's session. */
  (request: Request, native?: unknown): Promise<Response>;
  /** True for the paths that are its own; any other belongs to the app. */
  matches(pathname: string): boolean;
}

interface MethodRoute {
  readonly method: 'GET' | 'POST';
  readonly answer: Route;
}

/** Creates a flow's handler: its routes below `basePath`, and `/socket_auth_token`. */
export function createHandler(basePath: string, routes: TokenRoutes & StoreRoutes, report: Report): Handler {
  const table = new Map<string, MethodRoute>([
    [`${basePath}/token`, { method: 'POST', answer: routes.token }],
    [`${basePath}/snapshot`, { method: 'POST', answer: routes.snapshot }],
    [`${basePath}/actions`, { method: 'POST', answer: routes.actions }],
    ['/socket_auth_token', { method: 'GET', answer: routes.bareToken }],
  ]);

  async function handle(request: Request, native?: unknown): Promise<Response> {
    try {
      const route = table.get(new URL(request.url).pathname);
      if (!route) throw new HttpError('not-found');
      if (request.method !== route.method)
        return answerError(new HttpError('method-not-allowed'), { allow: route.method });
      if (!isSameOrigin(request)) throw new HttpError('cross-site');
      return await route.answer(request, native);
    } catch (error) {
      if (error instanceof HttpError) return answerError(error);
      report({ type: 'request-failed', error });
      return answerError(new HttpError('internal'));
    }
  }

  return Object.assign(handle, {
    matches: (pathname: string) => pathname.startsWith(`${basePath}/`) || table.has(pathname),
  });
}
