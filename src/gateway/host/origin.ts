/**
 * Decides whether a page may connect, from the Origin header alone. A request without one is no page's: tokens guard it.
 * @param origins exact origins, `*` for any, undefined for the host that the request names
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  origins: readonly string[] | '*' | undefined,
): boolean {
  if (origin === undefined || origins === '*') return true;
  if (origins) return origins.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
