import { CLOSE_CODES } from 'message-flow/protocol';
import type { Connection } from '../../src/gateway/connection.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import type { SimulatedGateway, TextFrame } from './simulated-gateway.ts';
import type { World } from './world.ts';

/** A socket between a client and a gateway, and the network under it. */
export interface SimulatedLine {
  readonly isOpen: boolean;
  send(text: string): void;
  /** The client leaves. */
  close(): void;
  /** Both ends are told, sooner or later; what is under way is lost. */
  cut(): void;
  /** Nothing comes through any more, and nobody is told. */
  darken(): void;
  /** The client takes nothing for so long. */
  stall(ms: number): void;
  /** The gateway hears that the user's sessions are revoked. */
  revoke(): void;
}

/** What a client hears of its socket. */
export interface LineEvents {
  opened(): void;
  text(text: string): void;
  closed(code: number): void;
}

interface Parcel {
  readonly texts: readonly string[];
  readonly bytes: number;
  /** The gateway's close frame. */
  readonly code?: number;
}

/** Opens a socket to a gateway. */
export function openLine(world: World, gateway: SimulatedGateway, events: LineEvents): SimulatedLine {
  const { plan, random, timeline, sabotage, count } = world;
  const { maxMs, roomBytes } = plan.network;
  let connection: Connection | undefined;
  let isClientOpen = true;
  let isDark = false;
  let isCut = false;
  let isStalled = false;
  let upDueMs = 0;
  let downDueMs = 0;
  let parcels: Parcel[] = [];
  let heldCount = 0;
  let unsentBytes = 0;

  function isLost(): boolean {
    return isDark || isCut || !isClientOpen;
  }

  function up(run: (connection: Connection) => void): void {
    upDueMs = Math.max(timeline.now() + random.between(0, maxMs), upDueMs);
    timeline.at(upDueMs, () => {
      if (!connection || isDark || !gateway.isAlive) return;
      run(connection);
      timeline.markSettled();
    });
  }

  function down(parcel: Parcel): void {
    parcels.push(parcel);
    downDueMs = Math.max(timeline.now() + random.between(0, maxMs), downDueMs);
    timeline.at(downDueMs, arrive);
  }

  function arrive(): void {
    if (isStalled) {
      heldCount++;
      return;
    }
    const parcel = parcels.shift();
    if (!parcel || isLost()) return;
    const wasFull = unsentBytes >= roomBytes;
    unsentBytes -= parcel.bytes;
    for (const text of parcel.texts) if (isClientOpen) events.text(text);
    if (parcel.code !== undefined) endClient(parcel.code);
    if (wasFull && unsentBytes < roomBytes && gateway.isAlive) connection?.drained();
  }

  function endClient(code: number): void {
    if (!isClientOpen) return;
    isClientOpen = false;
    events.closed(code);
  }

  /** The transport is gone, and the client is told. */
  function resetClient(): void {
    parcels = [];
    timeline.at(timeline.now() + random.between(0, maxMs), () => {
      if (!isDark) endClient(1006);
    });
  }

  const socket: Socket<TextFrame> = {
    get isFull() {
      return unsentBytes >= roomBytes && !sabotage.dropsWhenFull;
    },
    write(frames) {
      if (!gateway.isAlive || isCut) return;
      if (sabotage.dropsWhenFull && unsentBytes >= roomBytes) return;
      const texts = frames.flatMap((frame) => frame.texts);
      const bytes = frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (unsentBytes + bytes >= roomBytes) count('socket full');
      unsentBytes += bytes;
      // One write need not arrive as one: a cut may fall between its frames.
      const split = texts.length > 1 && random.chance(0.3) ? random.between(1, texts.length - 1) : texts.length;
      down({ texts: texts.slice(0, split), bytes: split < texts.length ? 0 : bytes });
      if (split < texts.length) down({ texts: texts.slice(split), bytes });
    },
    ping() {
      if (isLost() || isStalled) return;
      up((open) => open.markSeen());
    },
    close(code) {
      if (isStalled && random.chance(0.5)) resetClient();
      else down({ texts: [], bytes: 0, code });
    },
    terminate: resetClient,
  };

  timeline.at(timeline.now() + random.between(0, maxMs), () => {
    if (!gateway.isOpen || isLost()) return resetClient();
    timeline.at(timeline.now() + random.between(0, maxMs), () => {
      if (isLost()) return;
      if (!gateway.isOpen) return endClient(1006);
      events.opened();
      connection = gateway.accept(socket);
      timeline.markSettled();
    });
  });

  gateway.onKill(() => {
    if (isLost()) return;
    const way = random.next();
    if (way < 0.4) down({ texts: [], bytes: 0, code: 1006 });
    else if (way < 0.8) resetClient();
    else isDark = true;
  });

  return {
    get isOpen() {
      return isClientOpen;
    },
    send: (text) => up((open) => open.takeText(text)),
    close() {
      isClientOpen = false;
      up((open) => open.ended(1005));
    },
    cut() {
      const ended = connection;
      connection = undefined;
      isCut = true;
      resetClient();
      timeline.at(timeline.now() + random.between(0, maxMs), () => gateway.isAlive && ended?.ended(1006));
    },
    darken() {
      isDark = true;
    },
    revoke() {
      if (gateway.isAlive) connection?.close(CLOSE_CODES.revoked, 'revoked');
    },
    stall(ms) {
      isStalled = true;
      timeline.at(timeline.now() + ms, () => {
        isStalled = false;
        const held = heldCount;
        heldCount = 0;
        for (let left = held; left > 0; left--) timeline.at(timeline.now(), arrive);
      });
    },
  };
}
