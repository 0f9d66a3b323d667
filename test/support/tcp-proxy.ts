import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between a program and a server, with faults by name. Knows nothing but bytes. */
export interface TcpProxy {
  readonly port: number;
  /** Resets all connections. New ones get through. */
  cut(): void;
  /** From now on nothing gets through, in either direction, and nobody is told; new connections open, and hear nothing. */
  freeze(): void;
  /** What was held goes on, as TCP would repeat it. */
  thaw(): void;
  /** Connections that are open now. */
  readonly count: number;
  close(): Promise<void>;
}

/** Opens a proxy on a free port of this machine, in front of the server at `port`. */
export async function openTcpProxy(port: number): Promise<TcpProxy> {
  const links = new Set<readonly [Socket, Socket]>();
  let isFrozen = false;

  const listener = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const link = [near, far] as const;
    links.add(link);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => {}); // "close" follows, and ends both
      from.on('close', () => {
        links.delete(link);
        to.destroy();
      });
    }
    if (isFrozen) pause(link);
  });

  function pause([near, far]: readonly [Socket, Socket]): void {
    near.pause();
    far.pause();
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    cut() {
      for (const [near, far] of links) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    freeze() {
      isFrozen = true;
      for (const link of links) pause(link);
    },
    thaw() {
      isFrozen = false;
      for (const [near, far] of links) {
        near.resume();
        far.resume();
      }
    },
    get count() {
      return links.size;
    },
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      for (const [near] of links) near.destroy();
      await closed;
    },
  };
}
