import type { RequestHandler } from 'express';
import { refuse } from './refusal.ts';

/**
 * Refuses what another site's page sends in a visitor's name: cookies travel with its requests too. Every browser says with
 * a POST where it comes from, in one of two headers that no page can set.
 */
export const requireSameOrigin: RequestHandler = (request, response, next) => {
  const site = request.get('sec-fetch-site');
  const isOwn = site ? site === 'same-origin' : isHost(request.get('origin'), request.get('host'));
  if (isOwn) next();
  else refuse(response, 403, { code: 'cross-site', message: 'Cannot take a request that another site has sent' });
};

/** Without an origin no browser's page asks. Only hosts are compared: behind a proxy that ends TLS the scheme is another. */
function isHost(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
