import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A network between a browser and a server, with faults by name. Works on bytes; knows of HTTP only what a WebSocket's first line looks like. */
export interface CutProxy {
  readonly url: string;
  /** Leads new connections to another server. */
  lead(port: number): void;
  /** From now on nothing gets through, in either direction, and nobody is told: as when a cable is pulled. */
  freeze(): void;
  /** What was held goes on, as TCP would repeat it. */
  thaw(): void;
  /** From now on no WebSocket opens; its connection stands and waits. */
  holdWebSockets(): void;
  /** Those that waited open now. */
  releaseWebSockets(): void;
  /** From now on each WebSocket is reset once it has carried so many bytes to the browser, wherever in a frame that is. */
  cutWebSocketsAfter(byteCount: number): void;
  /** Resets all WebSockets. */
  resetWebSockets(): void;
  /** WebSockets that were cut or reset until now. */
  readonly cutCount: number;
}

interface Link {
  readonly browser: Socket;
  readonly server: Socket;
  isWebSocket: boolean;
  carried: number;
}

/** Opens a proxy on a free port of this machine, in front of the server at `port`; it closes with the test. */
export async function openCutProxy(port: number): Promise<CutProxy> {
  const links = new Set<Link>();
  const held = new Set<() => void>();
  let target = port;
  let isFrozen = false;
  let isHolding = false;
  let cutAfter = Number.POSITIVE_INFINITY;
  let cutCount = 0;

  const listener = createServer((browser) => {
    const link: Link = { browser, server: connect(target, '127.0.0.1'), isWebSocket: false, carried: 0 };
    links.add(link);
    const { server } = link;
    const end = () => {
      browser.destroy();
      server.destroy();
      links.delete(link);
    };
    for (const side of [browser, server]) side.on('error', end).on('close', end);
    browser.once('data', (head) => {
      link.isWebSocket = head.toString('latin1').startsWith('GET /websocket');
      const go = () => {
        server.write(head);
        browser.on('data', (chunk) => server.write(chunk));
      };
      if (!link.isWebSocket || !isHolding) return go();
      browser.pause();
      held.add(() => {
        go();
        browser.resume();
      });
    });
    server.on('data', (chunk) => {
      link.carried += chunk.length;
      browser.write(chunk.subarray(0, chunk.length - Math.max(0, link.isWebSocket ? link.carried - cutAfter : 0)));
      // Destroyed after the write: what came before the cut arrives.
      if (link.isWebSocket && link.carried >= cutAfter) cut(link);
    });
    if (isFrozen) pause(link);
  });

  function cut(link: Link): void {
    cutCount++;
    links.delete(link);
    link.server.resetAndDestroy();
    link.browser.destroySoon();
  }

  function pause({ browser, server }: Link): void {
    browser.pause();
    server.pause();
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(async () => {
    for (const { browser, server } of links) {
      browser.destroy();
      server.destroy();
    }
    listener.close();
    await once(listener, 'close');
  });
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    lead(port) {
      target = port;
    },
    freeze() {
      isFrozen = true;
      for (const link of links) pause(link);
    },
    thaw() {
      isFrozen = false;
      for (const { browser, server } of links) {
        browser.resume();
        server.resume();
      }
    },
    holdWebSockets() {
      isHolding = true;
    },
    releaseWebSockets() {
      isHolding = false;
      for (const go of held) go();
      held.clear();
    },
    cutWebSocketsAfter(byteCount) {
      cutAfter = byteCount;
    },
    resetWebSockets() {
      for (const link of links) if (link.isWebSocket) cut(link);
    },
    get cutCount() {
      return cutCount;
    },
  };
}
