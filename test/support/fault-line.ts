import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createFlowing, type Flowing } from './fault-flow.ts';

/** A port of this machine, or the path of a Unix socket. */
export type LineEnd = number | string;

/** Which connections a fault meets: those whose client said this, as far as it was read; left out: all. */
type Said = string | undefined;

/** A network between programs and a server, with faults by name. Knows nothing but bytes; faults hold for new connections too. */
export interface FaultLine {
  /** Where it listens; 0 at a Unix socket. */
  readonly port: number;
  /** Connections that are open now. */
  readonly count: number;
  /** Connections that were opened until now. */
  readonly openedCount: number;
  /** Leads new connections to another server. */
  lead(target: LineEnd): void;
  /** Resets connections. New ones get through. */
  cut(said?: Said): void;
  /**
   * From now on nothing gets through and nobody is told: as when a cable is pulled. New connections open, and hear nothing.
   * With `said`, connections that are open now alone. `answers`: only what servers say is held.
   */
  freeze(options?: { readonly said?: Said; readonly way?: 'both' | 'answers' }): void;
  /** What was held goes on, as TCP would repeat it. */
  thaw(): void;
  /** From now on, or no longer, new connections are reset at once; those that are open are reset too. */
  refuse(isRefusing: boolean): void;
  /** Resets the clients' ends and lets the servers' stand, who are not told: half-open, as after a client lost its network. */
  abandon(): void;
  /** From now on everything comes so much later, in milliseconds. */
  delay(ms: number): void;
  /** From now on each connection is reset once it has carried so many bytes to its client, wherever in a message that is. */
  cutAfter(byteCount: number): void;
  /** Bytes that went to clients who said this. */
  bytesTo(said: string): number;
  close(): Promise<void>;
}

/** What of a client's first words is kept to tell connections apart, in bytes. */
const MOST_SAID = 65_536;

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  readonly target: LineEnd;
  readonly asking: Flowing;
  readonly answering: Flowing;
  said: string;
  carried: number;
  isAbandoned: boolean;
}

/** Opens a line to a server, at a free port of this machine or at `own`. Who opens it closes it. */
export async function openFaultLine(given: LineEnd, own: LineEnd = 0): Promise<FaultLine> {
  const links = new Set<Link>();
  let target = given;
  let frozen: 'none' | 'both' | 'answers' = 'none';
  let isRefusing = false;
  let delayMs = 0;
  let limit = Number.POSITIVE_INFINITY;
  let openedCount = 0;

  const listener = createServer((near) => {
    near.on('error', () => {}); // "close" follows, and ends both
    if (isRefusing) return resetSocket(near, own);
    openedCount++;
    const far = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
    const link: Link = {
      ...{ near, far, target, said: '', carried: 0, isAbandoned: false },
      asking: createFlowing(near, far, { delayMs: () => delayMs, onBytes: (chunk) => hear(link, chunk) }),
      answering: createFlowing(far, near, { delayMs: () => delayMs, onBytes: (chunk) => carry(link, chunk) }),
    };
    links.add(link);
    far.on('error', () => {}).on('close', () => end(link, near));
    near.on('close', () => link.isAbandoned || end(link, far));
    if (frozen === 'both') link.asking.hold();
    if (frozen !== 'none') link.answering.hold();
  });

  function hear(link: Link, chunk: Buffer): Buffer {
    if (link.said.length < MOST_SAID) link.said += chunk.toString('latin1');
    return chunk;
  }

  function carry(link: Link, chunk: Buffer): Buffer {
    const rest = limit - link.carried;
    link.carried += chunk.length;
    if (chunk.length < rest) return chunk;
    // Ended after the write: what came before the cut arrives.
    setImmediate(() => {
      resetSocket(link.far, link.target);
      link.near.destroySoon();
    });
    return chunk.subarray(0, Math.max(0, rest));
  }

  /** One end is gone: what it said before still arrives, unless the line is held. */
  function end(link: Link, other: Socket): void {
    links.delete(link);
    if (frozen === 'none' && delayMs === 0) other.destroySoon();
    else other.destroy();
  }

  const linksOf = (said: Said) => [...links].filter((link) => said === undefined || link.said.includes(said));
  function reset(said?: Said): void {
    for (const { near, far, target } of linksOf(said)) {
      resetSocket(near, own);
      resetSocket(far, target);
    }
  }

  if (typeof own === 'number') listener.listen(own, '127.0.0.1');
  else listener.listen(own);
  await once(listener, 'listening');
  return {
    port: typeof own === 'number' ? (listener.address() as AddressInfo).port : 0,
    get count() {
      return links.size;
    },
    get openedCount() {
      return openedCount;
    },
    lead(next) {
      target = next;
    },
    cut: reset,
    freeze({ said, way = 'both' } = {}) {
      if (said === undefined) frozen = way;
      for (const { asking, answering } of linksOf(said)) {
        if (way === 'both') asking.hold();
        answering.hold();
      }
    },
    thaw() {
      frozen = 'none';
      for (const { asking, answering } of links) {
        asking.release();
        answering.release();
      }
    },
    refuse(isOn) {
      isRefusing = isOn;
      if (isOn) reset();
    },
    abandon() {
      for (const link of links) {
        link.isAbandoned = true;
        resetSocket(link.near, own);
      }
    },
    delay(ms) {
      delayMs = ms;
    },
    cutAfter(byteCount) {
      limit = byteCount;
    },
    bytesTo: (said) => linksOf(said).reduce((sum, { carried }) => sum + carried, 0),
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      for (const { near, far } of links) {
        near.destroy();
        far.destroy();
      }
      await closed;
    },
  };
}

/** A Unix socket knows no reset: there it just ends. */
function resetSocket(socket: Socket, end: LineEnd): void {
  if (typeof end === 'number') socket.resetAndDestroy();
  else socket.destroy();
}
