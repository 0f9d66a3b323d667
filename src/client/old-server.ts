import { type DialectName, EVERYONE, formatPosition, getDialect, isJsonObject, userLog } from '../protocol/index.ts';
import { OldSocket, type OldSocketContext } from './old-socket.ts';
import { findOldUser, type OldFetch, requestOldToken } from './old-token.ts';
import type { Extension, Fetch, Socket } from './options.ts';

export type { DialectName } from '../protocol/index.ts';
export type { OldFetch } from './old-token.ts';
export type { Extension } from './options.ts';

/** Where an old server's web app gives tokens, and how it is asked. */
export interface OldServerOptions {
  /**
   * The address of the token: text, or JSON with it in `data.token`.
   * @default what the dialect's own apps use: `/socket_auth_token`, from 2020 `/baselayer/socket_auth_token`
   */
  readonly tokenUrl?: string;
  /** Asks for the token, by GET. @default the runtime's `fetch` */
  readonly fetch?: OldFetch;
}

/**
 * Lets a client speak to an old server, `createClient({ url, use: [oldServer("2016")] })`, which stays as it is. Events that
 * are sent to the user, and from 2017 on to everyone, come to `on`; there are no channels, they are refused.
 *
 * An old server keeps nothing: what is sent while the connection is away is lost. So after each reconnect, and each reload,
 * `onGap` is called with `reset` for the user's log and for everyone's: fetch again what the page shows.
 * @throws {RangeError} when nobody speaks such a dialect
 */
export function oldServer(name: DialectName, { tokenUrl, fetch: ask }: OldServerOptions = {}): Extension {
  const dialect = getDialect(name);
  return (options) => {
    const { WebSocket, clock, headers, random } = options;
    // Its places count what came here, for the session's sake: an old server has none.
    const epoch = `old-${random().toString(36).slice(2, 12)}`;
    let count = 0;
    let user = '';

    const context: OldSocketContext = {
      dialect,
      clock,
      open: (url) => new (WebSocket as NonNullable<typeof WebSocket>)(url),
      liveUser: undefined,
      get user() {
        return user;
      },
      position: () => formatPosition({ epoch, offset: count, tag: '' }),
      nextPosition() {
        count++;
        return context.position();
      },
      isOurs: (position) => position.startsWith(`${epoch}:`),
    };

    const fetch: Fetch = async (_, { body }) => {
      const { status, token } = await requestOldToken(ask ?? askRuntime, tokenUrl ?? dialect.tokenPath, headers());
      const found = token === undefined ? undefined : findOldUser(token, dialect.claim);
      // A token for nobody: the web apps of 2016 give one to whoever has not signed in.
      if (token !== undefined && found === undefined) return { status: 401, json: async () => ({}) };
      if (found === undefined) return { status, json: async () => ({}) };
      user = found;
      const at = { [userLog(user)]: context.position(), [EVERYONE]: context.position() };
      const asked: unknown = JSON.parse(body);
      const refused = isJsonObject(asked) ? asked.logs : [];
      return { status, json: async () => ({ token, user, at, refused }) };
    };

    const Adapted: new (url: string) => Socket = class extends OldSocket {
      constructor(url: string) {
        super(url, context);
      }
    };
    return { ...options, fetch, WebSocket: WebSocket && Adapted };
  };
}

/** Called as a function of its own: a browser's fetch refuses any other `this`. */
function askRuntime(...[url, init]: Parameters<OldFetch>): ReturnType<OldFetch> {
  return fetch(url, init);
}
