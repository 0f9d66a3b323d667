import {
  EVERYONE,
  isJsonObject,
  type LogName,
  MAX_LOGS,
  MAX_TOKEN_BYTES,
  MAX_TOKEN_LOG_BYTES,
  userLog,
} from '../protocol/index.ts';
import { answerJson, answerText, HttpError } from './http-answer.ts';
import { type Identity, identify } from './identity.ts';
import type { ResolvedOptions } from './options.ts';
import { readJson } from './request-body.ts';
import type { Rights } from './rights.ts';
import { createClaims, signToken } from './token-signer.ts';
import { readTops } from './tops.ts';

/** Answers a request that has passed the checks of method and origin. */
export type Route = (request: Request, native: unknown) => Promise<Response>;

/** The routes that issue tokens. */
export interface TokenRoutes {
  /** `POST {basePath}/token`: a token for the logs asked for, as far as allowed, and where each goes on from. */
  readonly token: Route;
  /** `GET /socket_auth_token`: the bare token, as pages of 2016 fetch it. */
  readonly bareToken: Route;
}

/** Creates the routes. `options` are the flow's own, `rights` decide on channels and stores. */
export function createTokenRoutes(options: ResolvedOptions, rights: Rights): TokenRoutes {
  const { broker, wallClock, report } = options;

  async function issue({ user, session }: Identity, logs: readonly LogName[], issuedAtMs: number): Promise<string> {
    const { tokenLifetimeMs: lifetimeMs, signingSecret } = options;
    const claims = createClaims({ user, session, logs, epoch: broker.epoch, issuedAtMs, lifetimeMs });
    const token = await signToken(claims, signingSecret);
    if (token.length <= MAX_TOKEN_BYTES) return token;
    throw new HttpError('too-large', `Cannot issue a token: it has ${token.length} bytes, limit is ${MAX_TOKEN_BYTES}`);
  }

  return {
    async token(request, native) {
      // Before anybody is asked: a token whose user is revoked while it is made must be older than the revocation.
      const issuedAtMs = wallClock();
      const identity = await identify(options.authenticate, request, native, report);
      const own = [userLog(identity.user), EVERYONE];
      const names = readNames(await readJson(request)).filter((name) => !(own as string[]).includes(name));
      checkNames(names);
      const asked = names.flatMap((name) => rights.findAsked(name) ?? []);
      // Positions are taken beside the rules, not after them: what is sent while an app's database thinks is not missed.
      const [tops, verdicts] = await Promise.all([
        readTops(options, [...own, ...asked.map(({ log }) => log)]),
        Promise.all(asked.map((one) => one.decide(identity, request))),
      ]);
      const logs = asked.map(({ log }) => log).filter((_, i) => verdicts[i]);
      return answerJson({
        token: await issue(identity, logs, issuedAtMs),
        user: identity.user,
        at: Object.fromEntries([...own, ...logs].map((log) => [log, tops.get(log)])),
        refused: names.filter((name) => !(logs as string[]).includes(name)),
      });
    },
    async bareToken(request, native) {
      const issuedAtMs = wallClock();
      return answerText(await issue(await identify(options.authenticate, request, native, report), [], issuedAtMs));
    },
  };
}

/** The names a page asks for, each once; no body and no `logs` ask for none. */
function readNames(body: unknown): readonly string[] {
  if (body === undefined) return [];
  const logs = isJsonObject(body) ? (body.logs ?? []) : undefined;
  if (!Array.isArray(logs) || !logs.every((name) => typeof name === 'string')) {
    throw new HttpError('invalid-request', 'Cannot read the request: its body is not {"logs": [name…]}');
  }
  return [...new Set<string>(logs)];
}

function checkNames(names: readonly string[]): void {
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
  if (names.length <= MAX_LOGS && bytes <= MAX_TOKEN_LOG_BYTES) return;
  const asked = `${names.length} logs of ${bytes} bytes`;
  throw new HttpError(
    'too-large',
    `Cannot issue a token for ${asked}: limits are ${MAX_LOGS} and ${MAX_TOKEN_LOG_BYTES}`,
  );
}
