/** A web server of a run: gives tokens, and publishes. On an engine of one process it is the gateway too. */
import { createServer } from 'node:http';
import { basename } from 'node:path';
import { createFlow, toNodeHandler } from 'message-flow/backend';
import { createBroker } from 'message-flow/broker';
import { serveGateway } from 'message-flow/gateway';
import { answerParent } from './asking.ts';
import { app, LOGS, USER_HEADER } from './fault-app.ts';
import { DRAIN_WINDOW_MS, SIGNS } from './gateway.ts';
import { openLedger } from './ledger.ts';
import { createPublisher, type Publishing } from './publisher.ts';
import type { WebOptions } from './web.ts';
import { createWitness } from './witness.ts';

const { port, ledger: file, broker: url, brokerOptions, isGateway } = JSON.parse(process.argv[2] ?? '') as WebOptions;

const ledger = openLedger(file);
const broker = createBroker(url, { development: true, ...brokerOptions });
const flow = createFlow(app, {
  broker,
  development: true,
  authenticate: ({ headers }) => ({ user: headers.get(USER_HEADER) ?? '' }),
});
flow.allow('room/:roomId', () => true);
const publisher = createPublisher({ name: basename(file, '.jsonl'), flow, ledger });
const witness = createWitness(broker);

const handle = toNodeHandler(flow.handler);
const server = createServer((request, response) => void handle(request, response));
const gateway = isGateway
  ? serveGateway(server, { broker, development: true, drainWindowMs: DRAIN_WINDOW_MS, ...SIGNS })
  : undefined;

answerParent({
  listen: () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve)),
  publish: (publishing: Publishing) => publisher.start(publishing),
  pause: () => publisher.pause(),
  count: () => publisher.acknowledgedCount,
  tops: async () => [...(await witness.tops(LOGS))],
  read: () => witness.read(LOGS),
});

process.on('SIGTERM', async () => {
  await gateway?.drain();
  await gateway?.close();
  process.exit();
});
