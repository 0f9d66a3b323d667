import type { Socket } from 'node:net';

/** What a server's side of a connection was seen to do. */
export interface WatchedTransport {
  /** Calls to the system, each with one buffer or several. */
  readonly writes: number;
  /** Most bytes that ever waited for the kernel. */
  readonly maxUnsentBytes: number;
}

type Write = (...args: unknown[]) => unknown;

/** Watches a transport from now on. */
export function watchTransport(transport: Socket): WatchedTransport {
  const watched = { writes: 0, maxUnsentBytes: 0 };
  const inner = transport as unknown as Record<'write' | '_write' | '_writev', Write>;
  for (const name of ['_write', '_writev'] as const) {
    const original = inner[name].bind(transport);
    inner[name] = (...args) => {
      watched.writes++;
      return original(...args);
    };
  }
  const write = inner.write.bind(transport);
  inner.write = (...args) => {
    const result = write(...args);
    watched.maxUnsentBytes = Math.max(watched.maxUnsentBytes, transport.writableLength);
    return result;
  };
  return watched;
}
