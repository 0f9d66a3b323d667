import type { Broker } from 'message-flow/broker';
import { type BrokerFaults, type ConformanceCase, conformance } from 'message-flow/broker/conformance';
import { kindOf, type LogName } from 'message-flow/protocol';
import { readNatsAddress } from '../../../src/broker/nats/nats-address.ts';
import { createNatsBroker } from '../../../src/broker/nats/nats-broker.ts';
import { type FaultLine, openFaultLine } from '../../support/fault-line.ts';
import { type NatsOperator, type NatsServer, openNatsOperator } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { PATIENCE_MS } from './open-nats-broker.ts';

/** The shortest age that a stream takes, in nanoseconds. */
const SHORTEST_AGE_NANOS = 100_000_000;

/** Brokers on one server, each over a line of its own that can be cut. */
export interface NatsHarness {
  readonly createBroker: () => Promise<Broker>;
  readonly faults: BrokerFaults;
  readonly close: () => Promise<void>;
}

/** How a harness is made. */
interface HarnessOptions {
  /** What the brokers' URL says before the host, such as `ada:secret@`. */
  readonly userInfo?: string;
  /** How the operator signs in. */
  readonly operator?: object;
  /** What is done at the server before a broker comes to it, and after it lost everything. */
  readonly prepare?: () => Promise<void>;
}

/** Creates a harness on a server. */
export function createNatsHarness(
  server: NatsServer,
  { userInfo = '', operator, prepare = async () => {} }: HarnessOptions = {},
): NatsHarness {
  const lines = new Map<Broker, FaultLine>();
  return {
    async createBroker() {
      await prepare();
      const line = await openFaultLine(server.port);
      const address = readNatsAddress(new URL(`nats://${userInfo}127.0.0.1:${line.port}`), {});
      // Patient, as a server that lost everything may take its time to come back.
      const broker = createNatsBroker(address, { callTimeoutMs: PATIENCE_MS });
      lines.set(broker, line);
      return broker;
    },
    faults: {
      cutLive(broker) {
        lines.get(broker)?.cut();
      },
      async trim(_, log) {
        const hand = await openNatsOperator(server.url, operator);
        await trim(hand, log);
        await hand.close();
      },
      async reset(broker) {
        await server.stop('SIGKILL');
        await server.wipe();
        await server.start();
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
export function claimsOf(getHarness: () => NatsHarness): ConformanceCase[] {
  const faults: BrokerFaults = {
    cutLive: (broker) => getHarness().faults.cutLive?.(broker),
    trim: (broker, log) => getHarness().faults.trim(broker, log),
    reset: (broker) => getHarness().faults.reset(broker),
  };
  return conformance(() => getHarness().createBroker(), faults, { patienceMs: PATIENCE_MS });
}

/** Lets all that a stream holds grow too old, then something new come to it. */
async function trim(operator: NatsOperator, log: LogName): Promise<void> {
  const subject = await ageOut(operator, 'message-flow', kindOf(log) === 'run' ? 'runs' : 'messages');
  await operator.connection.request(subject.replace('>', 'filler'), '["filler","filler"]\n1');
}

/** Lets all that a stream holds grow too old; gives the subject it takes. */
export async function ageOut({ call }: NatsOperator, prefix: string, kind: string): Promise<string> {
  const name = `${prefix}-${kind}`;
  const { config } = (await call(`STREAM.INFO.${name}`)) as { config: { subjects: string[] } };
  const short = { max_age: SHORTEST_AGE_NANOS, duplicate_window: SHORTEST_AGE_NANOS };
  await call(`STREAM.UPDATE.${name}`, { ...config, ...short });
  const isEmpty = async () =>
    ((await call(`STREAM.INFO.${name}`)) as { state: { messages: number } }).state.messages === 0;
  await until(isEmpty, 'what is too old to go', PATIENCE_MS);
  await call(`STREAM.UPDATE.${name}`, config);
  return config.subjects[0] ?? '';
}
