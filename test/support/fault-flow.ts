import type { Socket } from 'node:net';

/** What goes one way of a connection. */
export interface Flowing {
  /** Takes no more; the sender's kernel and ours fill, and then it waits. */
  hold(): void;
  release(): void;
}

/** How bytes go. */
interface FlowingOptions {
  readonly delayMs: () => number;
  /** Sees what comes, and gives what of it goes on. */
  readonly onBytes: (chunk: Buffer) => Buffer;
}

/** Carries bytes from one socket to another, no faster than that one takes them. */
export function createFlowing(from: Socket, to: Socket, { delayMs, onBytes }: FlowingOptions): Flowing {
  let isHeld = false;
  /** Bytes on their way: none may overtake another when the delay becomes shorter. */
  let last = 0;

  function write(chunk: Buffer): void {
    if (chunk.length > 0 && to.writable && !to.write(chunk)) from.pause();
  }

  from.on('data', (chunk: Buffer) => {
    const bytes = onBytes(chunk);
    const now = performance.now();
    last = Math.max(last, now + delayMs());
    if (last <= now) write(bytes);
    else setTimeout(() => write(bytes), last - now);
  });
  to.on('drain', () => {
    if (!isHeld) from.resume();
  });
  return {
    hold() {
      isHeld = true;
      from.pause();
    },
    release() {
      isHeld = false;
      from.resume();
    },
  };
}
