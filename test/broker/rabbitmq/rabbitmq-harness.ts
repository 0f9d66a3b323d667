import type { Broker } from 'message-flow/broker';
import { type BrokerFaults, type ConformanceCase, conformance } from 'message-flow/broker/conformance';
import { readAmqpAddress } from '../../../src/broker/rabbitmq/amqp-address.ts';
import { createRabbitmqBroker } from '../../../src/broker/rabbitmq/rabbitmq-broker.ts';
import { type FaultLine, openFaultLine } from '../../support/fault-line.ts';
import { operate, type RabbitmqServer } from '../../support/rabbitmq-server.ts';
import { PATIENCE_MS } from './open-rabbitmq-broker.ts';

const DAY_MS = 24 * 3_600_000;
const STREAMS = ['message-flow-messages', 'message-flow-runs', 'message-flow-control'];

/** Brokers on one server, each over a line of its own that can be cut. */
export interface RabbitmqHarness {
  readonly createBroker: () => Promise<Broker>;
  readonly faults: BrokerFaults;
  readonly close: () => Promise<void>;
}

/**
 * Creates a harness on a server.
 * @param userInfo what the brokers' URL says before the host, such as `ada:secret@`
 * @param prepare what is done at the server before a broker comes to it, and after it lost everything
 */
export function createRabbitmqHarness(
  server: RabbitmqServer,
  { userInfo = '', prepare = async () => {} }: { userInfo?: string; prepare?: () => Promise<void> } = {},
): RabbitmqHarness {
  const lines = new Map<Broker, FaultLine>();
  let lateMs = 0;
  return {
    async createBroker() {
      await prepare();
      const line = await openFaultLine(server.port);
      const address = readAmqpAddress(new URL(`amqp://${userInfo}127.0.0.1:${line.port}`), {});
      const broker = createRabbitmqBroker(address, {
        callTimeoutMs: PATIENCE_MS,
        wallClock: () => Date.now() + lateMs,
      });
      lines.set(broker, line);
      return broker;
    },
    faults: {
      cutLive(broker) {
        lines.get(broker)?.cut();
      },
      // What a log keeps is in the memory of each process, and goes there when its time is over.
      trim() {
        lateMs += DAY_MS;
      },
      async reset(broker) {
        await operate(server.url, async (channel) => {
          for (const stream of STREAMS) await channel.deleteQueue(stream);
        });
        await prepare();
        return broker;
      },
    },
    async close() {
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
}

/** All claims of the suite, on a harness that is made later. */
export function claimsOf(getHarness: () => RabbitmqHarness): ConformanceCase[] {
  const faults: BrokerFaults = {
    cutLive: (broker) => getHarness().faults.cutLive?.(broker),
    trim: (broker, log) => getHarness().faults.trim(broker, log),
    reset: (broker) => getHarness().faults.reset(broker),
  };
  return conformance(() => getHarness().createBroker(), faults, { patienceMs: PATIENCE_MS });
}
