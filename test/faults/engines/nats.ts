import { execFileSync } from 'node:child_process';
import { openFaultLine } from '../../support/fault-line.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import type { Engine } from '../engine.ts';

/** One server with JetStream. */
export const nats: Engine = {
  name: 'nats',
  says: 'one server',
  afterKill: 'all',
  afterStop: 'all',
  isEmbedded: false,
  hasLiveLine: false,
  hasSnapshots: true,
  readVersion: () => `NATS ${/v([\d.]+)/.exec(execFileSync('nats-server', ['--version'], { encoding: 'utf8' }))?.[1]}`,
  async start(scope, { maxEntries }) {
    const server = await startNatsServer();
    scope.defer(() => server.remove());
    return {
      url: server.url,
      brokerOptions: { messages: { maxEntries } },
      async openLine() {
        const line = await openFaultLine(server.port);
        scope.defer(() => line.close());
        return {
          ...line,
          url: `nats://127.0.0.1:${line.port}`,
          // There is no live line alone: entries and answers come over one connection.
          freeze: (what) => line.freeze({ way: what === 'answers' ? 'answers' : 'both' }),
        };
      },
      end: (signal) => server.stop(signal),
      start: () => server.start(),
      copyData: () => server.copyData(),
    };
  },
};
