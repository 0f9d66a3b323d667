import { type FaultLine, openFaultLine } from './fault-line.ts';
import { findFreePorts } from './free-ports.ts';
import { type NatsServer, openNatsOperator, startNatsServer } from './nats-server.ts';
import { until } from './until.ts';

const UP_TIMEOUT_MS = 60_000;

/** Three NATS servers that keep streams together. */
export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  /** The ways from the first server to the others. */
  readonly lines: readonly FaultLine[];
  /** Where a broker finds all three, the one at `first` before the others. */
  urlOf(first?: number): string;
  /** The server that leads a stream. */
  findLeader(stream: string): Promise<NatsServer>;
  /** Resolves once streams can be made and changed. */
  isUp(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts a cluster. The first server meets the others over lines that can be cut. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const ports = await findFreePorts(3);
  const [first = 0, ...rest] = ports;
  const lines = await Promise.all(rest.map((port) => openFaultLine(port)));
  const linePorts = lines.map(({ port }) => port);
  // Servers tell one another where each is to be met: of the first a place where nobody is, so that it alone dials.
  const servers = await Promise.all([
    startServer(0, first, { advertise: 1, routes: linePorts }),
    startServer(1, ports[1], { advertise: linePorts[0], routes: [ports[2]] }),
    startServer(2, ports[2], { advertise: linePorts[1], routes: [ports[1]] }),
  ]);

  async function ask(name: string): Promise<Record<string, unknown> | undefined> {
    for (const { url } of servers) {
      const hand = await openNatsOperator(url).catch(() => undefined);
      if (!hand) continue;
      const answer = await hand.call(name).catch(() => undefined);
      await hand.close();
      if (answer) return answer;
    }
    return undefined;
  }

  const cluster: NatsCluster = {
    servers,
    lines,
    urlOf(first = 0) {
      const [own, ...others] = [...servers.slice(first), ...servers.slice(0, first)];
      return `${own?.url}?replicas=3${others.map(({ port }) => `&server=127.0.0.1:${port}`).join('')}`;
    },
    async findLeader(stream) {
      const name = await until(
        async () =>
          ((await ask(`STREAM.INFO.${stream}`)) as { cluster?: { leader?: string } } | undefined)?.cluster?.leader,
        `a leader of "${stream}"`,
        UP_TIMEOUT_MS,
      );
      return servers[Number(name.slice(1))] as NatsServer;
    },
    async isUp() {
      await until(() => ask('INFO'), 'the cluster to be up', UP_TIMEOUT_MS);
    },
    async remove() {
      await Promise.all(servers.map((server) => server.remove()));
      await Promise.all(lines.map((line) => line.close()));
    },
  };
  await cluster.isUp();
  return cluster;
}

function startServer(
  number: number,
  port: number | undefined,
  { advertise, routes }: { readonly advertise: number | undefined; readonly routes: readonly (number | undefined)[] },
): Promise<NatsServer> {
  const list = routes.map((route) => `"nats-route://127.0.0.1:${route}"`).join(', ');
  const cluster = `name: test, listen: "127.0.0.1:${port}", advertise: "127.0.0.1:${advertise}", routes: [${list}]`;
  return startNatsServer(`server_name: n${number}\ncluster { ${cluster} }`);
}
