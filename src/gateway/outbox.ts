import type { ControlFrame } from '../protocol/index.ts';
import type { Follower, Relay, Subscription } from './relay.ts';
import type { Frame } from './ring.ts';
import type { Socket } from './socket.ts';
import type { Traffic } from './traffic.ts';
import type { Voice } from './voice.ts';

/** What a connection sends: its own frames at once, its logs' as the socket takes them; one write a turn. */
export interface Outbox<F extends Frame> extends Follower {
  /** How it speaks from here on. */
  voice: Voice<F>;
  /** Sends a frame of the gateway's own, before what its logs have; if the peer knows such a frame. */
  say(frame: ControlFrame): void;
  /** No longer sends what a subscription has. */
  forget(subscription: Subscription): void;
  /** Notes that a part of what was written has gone. */
  progressed(): void;
  /** Goes on: the socket has room again. */
  drained(): void;
  /** Frames of the gateway's own that wait for room, in bytes. */
  readonly heldBytes: number;
  /** How long nothing of the last write has gone, in milliseconds; 0 when all of it has. */
  stalledMs(now: number): number;
  /** Leaves out a time in which this process stood still. */
  forgive(ms: number): void;
  close(): void;
}

/** What an outbox runs on. */
export interface OutboxContext<F extends Frame> {
  readonly relay: Relay<F>;
  readonly traffic: Traffic;
  readonly options: { readonly clock: { now(): number } };
}

/** How much is taken for one write; with one entry more, the most that is ever unsent. */
const WRITE_BYTES = 65_536;

/**
 * Creates the outbox of an open socket.
 * @param onFault called when something could not be made or written: what follows would have a hole before it
 */
export function createOutbox<F extends Frame>(
  socket: Socket<F>,
  voice: Voice<F>,
  { relay, traffic, options: { clock } }: OutboxContext<F>,
  onFault: (error: unknown) => void,
): Outbox<F> {
  const ready = new Set<Subscription>();
  let said: F[] = [];
  let heldBytes = 0;
  let fullSince: number | undefined;
  let isClosed = false;

  function pump(): void {
    try {
      while (!isClosed && !socket.isFull && (said.length > 0 || ready.size > 0)) writeNext();
    } catch (error) {
      onFault(error);
    }
    fullSince = socket.isFull ? (fullSince ?? clock.now()) : undefined;
  }

  function writeNext(): void {
    const batch = said;
    said = [];
    heldBytes = 0;
    takeReady(batch);
    if (batch.length > 0) socket.write(batch);
  }

  /** Each log in turn, so that a long history of one does not hold up the others. */
  function takeReady(batch: F[]): void {
    let bytes = 0;
    for (const subscription of ready) {
      if (bytes >= WRITE_BYTES) return;
      ready.delete(subscription);
      const { deliveries, hasMore } = relay.take(subscription, WRITE_BYTES);
      if (hasMore) ready.add(subscription);
      for (const delivery of deliveries) {
        switch (delivery.type) {
          case 'entries': {
            const { chunk, ring } = delivery;
            const frame = outbox.voice.sayEntries(subscription.log, chunk, ring);
            batch.push(frame);
            bytes += frame.byteLength;
            traffic.countEntries(chunk.to - chunk.from, frame.byteLength);
            break;
          }
          case 'gap': {
            const { at, reason } = delivery;
            const frame = outbox.voice.sayControl({ type: 'gap', log: subscription.log, at, reason });
            traffic.countGap(frame ? reason : 'untold');
            if (frame) batch.push(frame);
            break;
          }
          case 'live': {
            const frame = outbox.voice.sayControl({ type: 'live', log: subscription.log, at: delivery.at });
            if (frame) batch.push(frame);
            break;
          }
        }
      }
    }
  }

  const outbox: Outbox<F> = {
    voice,
    markReady(subscription) {
      if (!isClosed) ready.add(subscription);
    },
    pump,
    say(frame) {
      const encoded = isClosed ? undefined : outbox.voice.sayControl(frame);
      if (!encoded) return;
      said.push(encoded);
      heldBytes += encoded.byteLength;
      pump();
    },
    forget: (subscription) => void ready.delete(subscription),
    progressed() {
      if (fullSince !== undefined) fullSince = clock.now();
    },
    drained() {
      fullSince = undefined;
      pump();
    },
    get heldBytes() {
      return heldBytes;
    },
    stalledMs: (now) => (fullSince === undefined ? 0 : now - fullSince),
    forgive(ms) {
      if (fullSince !== undefined) fullSince += ms;
    },
    close() {
      isClosed = true;
      ready.clear();
      said = [];
      heldBytes = 0;
    },
  };
  return outbox;
}
