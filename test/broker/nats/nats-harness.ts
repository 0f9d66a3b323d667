import { type Broker, createBroker } from 'message-flow/broker';
import type { BrokerFaults } from 'message-flow/broker/conformance';
import { kindOf, type LogName } from 'message-flow/protocol';
import { type NatsOperator, type NatsServer, openNatsOperator } from '../../support/nats-server.ts';
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

/** Longer than a server takes to let go what is too old, on a noisy machine. */
const TRIM_TIMEOUT_MS = 20_000;
/** The shortest age that a stream takes, in nanoseconds. */
const SHORTEST_AGE_NANOS = 100_000_000;

/** Brokers on one server, each over a line of its own that can be cut. */
export interface NatsHarness {
  readonly createBroker: () => Promise<Broker>;
  readonly faults: BrokerFaults;
  readonly close: () => Promise<void>;
}

/** Creates a harness; `userInfo` is what the brokers' URL says before the host, such as `ada:secret@`. */
export async function createNatsHarness(
  server: NatsServer,
  { userInfo = '', operator }: { readonly userInfo?: string; readonly operator?: object } = {},
): Promise<NatsHarness> {
  const lines = new Map<Broker, TcpProxy>();
  return {
    async createBroker() {
      const line = await openTcpProxy(server.port);
      const broker = createBroker(`nats://${userInfo}127.0.0.1:${line.port}`);
      lines.set(broker, line);
      return broker;
    },
    faults: {
      async cutLive(broker) {
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
        return broker;
      },
    },
    async close() {
      await Promise.all([...lines.values()].map((line) => line.close()));
    },
  };
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
  await until(isEmpty, 'what is too old to go', TRIM_TIMEOUT_MS);
  await call(`STREAM.UPDATE.${name}`, config);
  return config.subjects[0] ?? '';
}
