import { createClaims, signToken } from '../backend/index.ts';
import {
  findLogName,
  joinLogName,
  kindOf,
  type LogName,
  MAX_LOGS,
  MAX_TOKEN_LOG_BYTES,
  resolveSecrets,
  userLog,
} from '../protocol/index.ts';
import { createMistake } from './command-error.ts';
import { formatReason, formatSafe } from './safe-text.ts';

/** Whom a token is for, as it was typed. */
export interface Subject {
  readonly user: string;
  /** Logs besides the user's own and `everyone`. */
  readonly logs: readonly LogName[];
}

/**
 * Reads `<user> [log…]`.
 * @throws {CommandError} when the user can't be one, a log is no log's name or not to be followed by this user
 */
export function readSubject([user = '', ...names]: readonly string[]): Subject {
  const own = readUserLog(user);
  const logs = [...new Set(names.map((name) => readLogName(name, ['channel', 'store', 'run'])))];
  const foreign = logs.find((log) => kindOf(log) === 'run' && !log.startsWith(`run/${own.slice('user/'.length)}/`));
  if (foreign)
    throw createMistake(`Cannot follow "${foreign}" as "${formatSafe(user)}": a run belongs to the user in its name`);
  const bytes = findListed(logs).reduce((sum, log) => sum + log.length, 0);
  if (logs.length > MAX_LOGS) throw createMistake(`Cannot list ${logs.length} logs: the limit is ${MAX_LOGS}`);
  if (bytes > MAX_TOKEN_LOG_BYTES) {
    throw createMistake(`Cannot list these logs: their names have ${bytes} bytes, the limit is ${MAX_TOKEN_LOG_BYTES}`);
  }
  return { user, logs };
}

/**
 * Reads a user's id.
 * @throws {CommandError} when no log can be named after it
 */
export function readUserLog(user: string): LogName {
  if (user === '*') throw createMistake('There is no user "*": to send to all use --everyone');
  try {
    return userLog(user);
  } catch (error) {
    throw createMistake(`Cannot use "${formatSafe(user, 40)}" as a user's id: ${formatReason(error)}`);
  }
}

/**
 * Reads the whole name of a log.
 * @throws {CommandError} when it is none, or of another kind; says how it is written
 */
export function readLogName(text: string, kinds: readonly ('channel' | 'store' | 'run')[]): LogName {
  const log = findLogName(text);
  if (log && (kinds as readonly string[]).includes(kindOf(log))) return log;
  const shown = formatSafe(text, 80);
  if (log) throw createMistake(`Cannot use the log "${shown}" here: it must begin with ${kinds.join('/, ')}/`);
  const [kind = '', ...segments] = text.split('/');
  const mended = findMended(
    kinds.find((one) => one === kind) ?? 'channel',
    kinds.some((one) => one === kind) ? segments : [kind, ...segments],
  );
  throw createMistake(
    `"${shown}" is no log's name${mended ? `, did you mean ${mended}?` : ': write it whole, such as channel/project/p1'}`,
  );
}

/** Of these logs, the ones that a token must list. */
function findListed(logs: readonly LogName[]): LogName[] {
  return logs.filter((log) => kindOf(log) !== 'run');
}

/**
 * Gives the secret that signs.
 * @throws {CommandError} when there is none; it says how to give one
 */
export function getSigningSecret(secrets: readonly string[], development: boolean, otherwise = ''): string {
  if (secrets.length === 0 && !development) {
    throw createMistake(
      `No secret is set to sign a token with: set FLOW_SECRET or --secret-file to the backend's${otherwise}; for the example, or a gateway in development, say --development`,
    );
  }
  try {
    return resolveSecrets(secrets, development)[0] as string;
  } catch (error) {
    throw createMistake(formatReason(error));
  }
}

/** Signs a token for a subject. */
export function signFor(
  { user, logs }: Subject,
  secret: string,
  terms: { readonly issuedAtMs: number; readonly lifetimeMs: number; readonly session?: string | undefined },
): Promise<string> {
  return signToken(createClaims({ user, logs: findListed(logs), ...terms }), secret);
}

function findMended(kind: 'channel' | 'store' | 'run', segments: readonly string[]): LogName | undefined {
  try {
    return joinLogName(kind, segments.map(decodeURIComponent));
  } catch {
    return undefined; // too far from a name to guess at
  }
}
