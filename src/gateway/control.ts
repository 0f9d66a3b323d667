import { CONTROL, findJson, type StartPosition } from '../protocol/index.ts';
import type { Relay, Subscription } from './relay.ts';
import type { Revocations } from './revocations.ts';
import type { Frame } from './ring.ts';

/** Reads the control log, from its start and then live. */
export interface Control {
  /** Settles once all that is kept was read. */
  readonly known: Promise<void>;
  /** Whether it did. */
  readonly isKnown: boolean;
}

/** Follows the control log; each new revocation is remembered, then told. */
export function followControl<F extends Frame>(
  relay: Relay<F>,
  revocations: Revocations,
  onRevocation: () => void,
): Control {
  let isKnown = false;
  let tell: () => void = () => {};
  const known = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const subscription: Subscription = { log: CONTROL, follower: { markReady: () => {}, pump } };

  function follow(after: StartPosition): void {
    relay.follow(subscription, after);
  }

  function pump(): void {
    for (let hasMore = true; hasMore; ) {
      const taking = relay.take(subscription, Number.POSITIVE_INFINITY);
      hasMore = taking.hasMore;
      for (const delivery of taking.deliveries) {
        if (delivery.type === 'gap') {
          // What was known stays known; the log as it is now is read whole.
          relay.unfollow(subscription);
          follow('start');
          return;
        }
        if (delivery.type === 'live') {
          isKnown = true;
          tell();
          continue;
        }
        for (const { event, data } of delivery.ring.entries(delivery.chunk.from, delivery.chunk.to)) {
          if (event === 'revoke' && revocations.add(findJson(data)?.value)) onRevocation();
        }
      }
    }
  }

  follow('start');
  return {
    known,
    get isKnown() {
      return isKnown;
    },
  };
}
