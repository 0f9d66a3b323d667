import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from 'message-flow/backend';
import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { type Gateway, type GatewayOptions, serveGateway } from 'message-flow/gateway';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';

export const SECRET = 'a secret of the tests, thirty-two bytes or more';
export const OTHER_SECRET = 'another secret of the tests, as long as the first';
export const PUBLISH_KEY = 'publish-key-of-the-tests';

/** A gateway with its broker in the test's hands. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly broker: Broker;
  readonly port: number;
  readonly url: string;
  append(log: string, event: string, data: string): Promise<void>;
}

/** Opens a gateway on a free port, routes at "/"; it closes with the test. */
export async function openGateway(options: Partial<GatewayOptions> = {}): Promise<OpenGateway> {
  const broker = options.broker ?? createMemoryBroker();
  const server = createServer();
  const trust = options.development ? {} : { secret: SECRET, publishKey: PUBLISH_KEY };
  const gateway = serveGateway(server, { basePath: '/', ...trust, ...options, broker });
  const handle = toNodeHandler(gateway.handler);
  server.on('request', (request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await gateway.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    gateway,
    broker,
    port,
    url: `http://127.0.0.1:${port}`,
    async append(log, event, data) {
      await broker.append(log as LogName, { key: crypto.randomUUID(), event, data: data as EncodedJson });
    },
  };
}
