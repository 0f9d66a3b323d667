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
  /** What is on its way. In a list, as timers of different lengths may overtake each other. */
  const waiting: { readonly atMs: number; readonly bytes: Buffer }[] = [];

  function write(chunk: Buffer): void {
    if (chunk.length > 0 && to.writable && !to.write(chunk)) from.pause();
  }

  function deliverDue(): void {
    const now = performance.now();
    while (waiting[0] && waiting[0].atMs <= now) write((waiting.shift() as (typeof waiting)[number]).bytes);
    if (waiting[0]) setTimeout(deliverDue, Math.ceil(waiting[0].atMs - now));
  }

  from.on('data', (chunk: Buffer) => {
    const atMs = Math.max(waiting.at(-1)?.atMs ?? 0, performance.now() + delayMs());
    waiting.push({ atMs, bytes: onBytes(chunk) });
    if (waiting.length === 1) deliverDue();
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
