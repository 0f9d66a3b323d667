import { randomUUID } from 'node:crypto';
import { findFreePorts } from './free-ports.ts';
import { createNodeName, end, type RabbitmqServer, startEpmd, startRabbitmqServer } from './rabbitmq-server.ts';
import { until } from './until.ts';

const UP_TIMEOUT_MS = 60_000;

/** Three RabbitMQ servers that keep streams together. */
export interface RabbitmqCluster {
  readonly servers: readonly RabbitmqServer[];
  /** Where a broker finds all three, this one before the others. */
  urlOf(first: RabbitmqServer): string;
  /** The server that leads a stream. */
  findLeader(stream: string): Promise<RabbitmqServer>;
  remove(): Promise<void>;
}

/** Starts a cluster. */
export async function startRabbitmqCluster(): Promise<RabbitmqCluster> {
  const [epmdPort = 0] = await findFreePorts(1);
  const epmd = await startEpmd(epmdPort);
  const nodes = [createNodeName(), createNodeName(), createNodeName()];
  const shared = { nodes, cookie: randomUUID(), epmdPort };
  const servers: RabbitmqServer[] = [];

  async function remove(): Promise<void> {
    await Promise.all(servers.map((server) => server.remove()));
    await end(epmd, 'SIGKILL');
  }

  try {
    // One after another: those that come at once may each begin a cluster of its own.
    for (const node of nodes) servers.push(await startRabbitmqServer({ cluster: { ...shared, node } }));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    servers,
    urlOf(first) {
      const others = servers.filter((server) => server !== first);
      return `${first.url}?replicas=3${others.map(({ port }) => `&server=127.0.0.1:${port}`).join('')}`;
    },
    findLeader: (stream) =>
      until(
        async () => {
          const [server] = servers;
          const listed = (await server?.control('--formatter', 'json', 'list_queues', 'name', 'leader')) ?? '[]';
          const queues = JSON.parse(listed) as { name: string; leader: string }[];
          const leader = queues.find(({ name }) => name === stream)?.leader;
          return servers.find(({ node }) => node === leader);
        },
        `a leader of "${stream}"`,
        UP_TIMEOUT_MS,
      ),
    remove,
  };
}
