import { readdirSync } from 'node:fs';
import { openFaultLine } from '../../support/fault-line.ts';
import { startRabbitmqServer } from '../../support/rabbitmq-server.ts';
import type { Engine } from '../engine.ts';

/** One server with streams. */
export const rabbitmq: Engine = {
  name: 'rabbitmq',
  says: 'one server',
  afterKill: 'all',
  afterStop: 'all',
  isEmbedded: false,
  hasLiveLine: false,
  hasSnapshots: true,
  ownMaxEntries: 1_000,
  readVersion: () => `RabbitMQ ${readVersion()}`,
  async start(scope) {
    const server = await startRabbitmqServer();
    scope.defer(() => server.remove());
    return {
      url: server.url,
      brokerOptions: {},
      async openLine() {
        const line = await openFaultLine(server.port);
        scope.defer(() => line.close());
        return {
          ...line,
          url: `amqp://127.0.0.1:${line.port}`,
          // There is no live line alone: what comes live is the log as it is read.
          freeze: (what) => line.freeze({ way: what === 'answers' ? 'answers' : 'both' }),
        };
      },
      end: (signal) => server.stop(signal),
      start: () => server.start(),
      copyData: () => server.copyData(),
    };
  },
};

/** From where Debian has it: its own program needs a node that runs. */
function readVersion(): string {
  const found = readdirSync('/usr/lib/rabbitmq/lib').find((name) => name.startsWith('rabbitmq_server-'));
  return found?.slice('rabbitmq_server-'.length) ?? 'of an unknown version';
}
