/**
 * True when the browser vouches that a page of this very origin asks, or when no browser asks at all. Cookies travel with
 * requests that other sites make; these two headers can't be set by a page.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  // Fetch Metadata, 2.3: `none` is the user's own doing, such as an address typed in; `same-site` may be another's subdomain.
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = request.headers.get('origin');
  if (origin === null) return true; // every browser sends one of the two with a POST
  return hasHost(origin, request.headers.get('host') ?? new URL(request.url).host);
}

/** Compares hosts only: behind a proxy that ends TLS the scheme is not known here. */
function hasHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false; // "null": a sandboxed frame, a file
  const { protocol, host: originHost } = new URL(origin);
  const own = `${protocol}//${host}`; // parsed with the origin's scheme, so that its default port is left out in both
  return originHost !== '' && URL.canParse(own) && new URL(own).host === originHost;
}
