import { createHash } from 'node:crypto';
import type { LogName } from '../../protocol/index.ts';

/**
 * A log's name as tokens of a subject: injective for logs' names, and free of wildcards for any text. What divides segments
 * divides tokens, and a dot within a segment is written as no name has it: names leave "." as it is, so none holds "%2E".
 */
export function tokensOf(log: string): string {
  return log.replace(/[^A-Za-z0-9_~%/-]/gu, (char) => [...Buffer.from(char)].map(toHex).join('')).replaceAll('/', '.');
}

/** What the server drops repeats by. Its window is the stream's, so the log is part of it: a key is said to many users. */
export function messageIdOf(log: LogName, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([log, key]))
    .digest('base64url')
    .slice(0, 22);
}

function toHex(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
