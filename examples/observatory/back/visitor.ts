import { createHash, randomBytes } from 'node:crypto';

/**
 * Who visits. A browser's first visit gives it a ticket, in a cookie that scripts can't read; whoever holds it is that user.
 * That is a login for a demonstration: no password, and who clears the cookie is someone new. The name is made of the
 * ticket, one way only, so that it may be shown and logged, and no server has to remember it.
 */
export const TICKET_COOKIE = 'observatory';

const TICKET = /^[\w-]{43}$/;
const MOODS = ['bright', 'calm', 'clear', 'distant', 'early', 'faint', 'gentle', 'golden'];
const STARS = ['altair', 'capella', 'deneb', 'mira', 'polaris', 'sirius', 'spica', 'vega'];

/** A new ticket, which nobody can guess. */
export function createTicket(): string {
  return randomBytes(32).toString('base64url');
}

/** The user of a request, by its Cookie header; undefined for one without a ticket. */
export function findVisitor(cookies: string | null | undefined): string | undefined {
  const [, ticket = ''] = new RegExp(`(?:^|; *)${TICKET_COOKIE}=([^;]*)`).exec(cookies ?? '') ?? [];
  return TICKET.test(ticket) ? nameVisitor(ticket) : undefined;
}

function nameVisitor(ticket: string): string {
  const hash = createHash('sha256').update(ticket).digest();
  const pick = (words: readonly string[], byte: number) => words[byte % words.length] ?? '';
  // The words are for people; it is the 48 bits behind them that make two users two.
  return `${pick(MOODS, hash.readUInt8(0))}-${pick(STARS, hash.readUInt8(1))}-${hash.toString('hex', 2, 8)}`;
}
