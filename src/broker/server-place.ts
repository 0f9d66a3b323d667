/** A server's place in the network. An address of IPv6 has no brackets. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

/** The same servers, in the same order, begun one later for each failure: who can't use one that lets in goes on to the next. */
export function rotate(servers: readonly ServerPlace[], failureCount: number): readonly ServerPlace[] {
  const first = failureCount % servers.length;
  return [...servers.slice(first), ...servers.slice(0, first)];
}

/** Reads `host`, `host:port`, `[::1]` or `[::1]:port`; undefined for what is none. */
export function findServerPlace(text: string, defaultPort: number): ServerPlace | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
