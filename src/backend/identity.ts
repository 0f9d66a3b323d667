import { userLog } from '../protocol/index.ts';
import type { Report } from './flow-event.ts';
import { HttpError } from './http-answer.ts';

/** Who is signed in. */
export interface Identity {
  /** The user's id: not empty, not `*`, and short enough for a log's name (195 bytes, percent-encoded). */
  readonly user: string;
  /** The session's id, by which `revoke` can end it alone; put into the token, so it must be no secret. Not empty. */
  readonly session?: string | undefined;
}

/**
 * Says who asks. `request` is what came in, its body not to be read; `native` is what the framework gave to the handler:
 * Node's or Express's request, Fastify's, Hono's context. Nothing: nobody is signed in.
 */
export type Authenticate = (
  request: Request,
  native: unknown,
) => Identity | null | undefined | false | Promise<Identity | null | undefined | false>;

/**
 * Asks the app who is signed in.
 * @throws {HttpError} `signed-out` when nobody is; `internal` when the app failed or its answer can't be used
 */
export async function identify(
  authenticate: Authenticate,
  request: Request,
  native: unknown,
  report: Report,
): Promise<Identity> {
  let identity: Awaited<ReturnType<Authenticate>>;
  try {
    identity = await authenticate(request, native);
  } catch (error) {
    report({ type: 'authenticate-failed', error });
    throw new HttpError('internal');
  }
  if (!identity) throw new HttpError('signed-out');
  try {
    checkIdentity(identity);
  } catch (error) {
    report({ type: 'identity-refused', error });
    throw new HttpError('internal');
  }
  return identity;
}

function checkIdentity({ user, session }: Identity): void {
  // A number as an id is the usual slip, and "1" and 1 must not be two users.
  if (typeof user !== 'string')
    throw new TypeError(`Cannot use the user of authenticate: it is ${typeof user}, not a string`);
  userLog(user);
  if (session !== undefined && (typeof session !== 'string' || session === '')) {
    const state = session === '' ? 'empty' : typeof session;
    throw new TypeError(`Cannot use the session of authenticate: it is ${state}, it must be a string or left out`);
  }
}
