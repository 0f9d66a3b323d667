import { isIPv4 } from 'node:net';

/** True for the names by which a machine calls itself; an address of IPv6 has no brackets. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
