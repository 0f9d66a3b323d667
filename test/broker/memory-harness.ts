import type { Broker } from 'message-flow/broker';
import { createMemoryBroker } from 'message-flow/broker';
import type { BrokerFaults } from 'message-flow/broker/conformance';

/** Longer than any kind of log keeps its entries. */
const ALL_GO_MS = 26 * 3_600_000;

/** Memory brokers whose time moves only when a fault moves it. */
export function createMemoryHarness(): { createBroker: () => Broker; faults: BrokerFaults } {
  const clocks = new WeakMap<Broker, { now: number }>();
  function createBroker(): Broker {
    const clock = { now: 1_800_000_000_000 };
    const broker = createMemoryBroker({ wallClock: () => clock.now });
    clocks.set(broker, clock);
    return broker;
  }
  return {
    createBroker,
    faults: {
      trim(broker) {
        const clock = clocks.get(broker);
        if (clock) clock.now += ALL_GO_MS;
      },
      reset: createBroker,
    },
  };
}
