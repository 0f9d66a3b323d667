import type { Socket } from 'node:net';

/** What a server's side of a connection was seen to do. */
export interface WatchedTransport {
  /** Calls to the system. */
  readonly writes: number;
  /** Most bytes that ever waited for the kernel. */
  readonly maxUnsentBytes: number;
}

type Write = (...args: unknown[]) => unknown;

/** Watches a transport from now on. */
export function watchTransport(transport: Socket): WatchedTransport {
  const watched = { writes: 0, maxUnsentBytes: 0 };
  const inner = transport as unknown as Record<'write' | '_write', Write>;
  const writeOne = inner._write.bind(transport);
  inner._write = (...args) => {
    watched.writes++;
    return writeOne(...args);
  };
  const write = inner.write.bind(transport);
  inner.write = (...args) => {
    const result = write(...args);
    watched.maxUnsentBytes = Math.max(watched.maxUnsentBytes, transport.writableLength);
    return result;
  };
  return watched;
}
