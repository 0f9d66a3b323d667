import { BrokerError } from '../broker-error.ts';

/** Answers of Redis that stay what they are, however often a call is said again. */
const FINAL = ['NOPERM', 'WRONGTYPE', 'ERR'];
const MAX_REASON_LENGTH = 200;

/** Says what went wrong, in one line that holds no secret. */
export type DescribeFault = (error: unknown) => string;

/**
 * Creates what describes faults. Servers older than Redis 6 repeat what they don't understand, so what they say may hold
 * the password that was sent; and the driver's errors carry all that was sent with them, so they are not passed on.
 */
export function createDescribeFault(secrets: readonly (string | undefined)[]): DescribeFault {
  return (error) => {
    const { message = '', lastNodeError } = (error ?? {}) as { message?: unknown; lastNodeError?: unknown };
    // "Failed to refresh slots cache" says nothing; what the last server said does.
    let text = lastNodeError instanceof Error ? lastNodeError.message : String(message);
    // Its own words are the driver's business, a command that nobody typed; and too long to come to their point.
    if (text.startsWith('NOAUTH')) return 'NOAUTH: it asks for a password, and its URL has none';
    for (const secret of secrets) if (secret) text = text.replaceAll(secret, '…');
    const [line = ''] = text.replace(/, with args beginning with:[\s\S]*/, '').split(/[\r\n]/);
    return line.trim().slice(0, MAX_REASON_LENGTH) || 'no reason was given';
  };
}

/** True for what a server answered, and false for what happened on the way. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Makes the error of a call of what the driver or the server said. */
export function createFault(doing: string, error: unknown, describe: DescribeFault): BrokerError {
  if (error instanceof BrokerError) return error;
  const isFinal = isReply(error) && FINAL.includes(error.message.split(' ', 1)[0] ?? '');
  return new BrokerError(isFinal ? 'refused' : 'unavailable', `Cannot ${doing}: ${describe(error)}`);
}
