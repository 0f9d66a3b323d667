import type { Duplex } from 'node:stream';
import type { Clock, Stop } from '../../protocol/index.ts';

/** Upgrades left to the server's other listeners, until it is plain that none of them takes them. */
export interface StrayUpgrades {
  watch(transport: Duplex): void;
  /** Ends at once what nobody has taken by now. */
  close(): void;
}

/** How long another listener may think about an upgrade, in milliseconds: it may ask a database first. */
const CLAIM_TIMEOUT_MS = 10_000;

/** Creates a watch that has nothing to watch; `refuse` is called for what nobody took in time. */
export function createStrayUpgrades(clock: Clock, refuse: (transport: Duplex) => void): StrayUpgrades {
  const waiting = new Map<Duplex, Stop>();

  function settle(transport: Duplex): void {
    waiting.get(transport)?.();
    waiting.delete(transport);
    if (!isTaken(transport)) refuse(transport);
  }

  return {
    watch(transport) {
      // Node took its own listener away: a reset that nobody hears would end the process.
      transport.on('error', () => {});
      transport.once('close', () => {
        waiting.get(transport)?.();
        waiting.delete(transport);
      });
      waiting.set(
        transport,
        clock.after(CLAIM_TIMEOUT_MS, () => settle(transport)),
      );
    },
    close() {
      for (const transport of [...waiting.keys()]) settle(transport);
    },
  };
}

/** Whoever takes a transport reads from it, or has answered on it. */
function isTaken(transport: Duplex): boolean {
  const isRead = transport.listenerCount('data') > 0 || transport.listenerCount('readable') > 0;
  const isAnswered =
    transport.writableEnded || transport.destroyed || ('bytesWritten' in transport && transport.bytesWritten !== 0);
  return isRead || isAnswered;
}
