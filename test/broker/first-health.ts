import type { Broker } from 'message-flow/broker';
import { until } from '../support/until.ts';

const PATIENCE_MS = 60_000;

/** What a broker says of its health once it came to its server, or was kept from it, for the first time: it may take its time. */
export function readFirstHealth(broker: Broker): ReturnType<Broker['health']> {
  return until(
    async () => {
      const health = await broker.health();
      return !health.reason?.includes('it is being connected to') && health;
    },
    'the broker to have tried to connect',
    PATIENCE_MS,
  );
}
