/** True for the names by which a machine calls itself. A page that rebinds its own name to this machine still says its own. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(`http://${host}`).hostname);
}
