import { createHmac } from 'node:crypto';

/** How a token is made, where it is not as old web apps made them. */
export interface OldTokenMaking {
  readonly header?: object;
  readonly hash?: string;
}

/** The headers that PyJWT wrote: 1.x, and 2.x, which sorts. */
export const OLD_HEADERS = [
  { typ: 'JWT', alg: 'HS256' },
  { alg: 'HS256', typ: 'JWT' },
] as const;

/** Signs claims, and nothing but these, as the web apps of older peers do; a text is taken for JSON already. */
export function signOldToken(
  claims: object | string,
  secret: string,
  { header = OLD_HEADERS[0], hash = 'sha256' }: OldTokenMaking = {},
): string {
  const body = [header, claims]
    .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}
