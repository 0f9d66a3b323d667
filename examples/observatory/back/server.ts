/** The program: web server and gateway on one port; at a Unix socket, behind nginx, the web server alone. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { clearSocketPath, createFlow, SocketPathError, toNodeHandler } from 'message-flow/backend';
import { serveGateway } from 'message-flow/gateway';
import { observatory } from '../shared/contract.ts';
import { PlanError } from '../shared/plan.ts';
import { createArchive } from './archive.ts';
import { createDesk } from './desk.ts';
import { createFrontPage, createSecurityHeaders } from './front-page.ts';
import { createLightCurveRoutes } from './light-curve-routes.ts';
import { createNewsroom } from './newsroom.ts';
import { createNoticeBoard } from './notice-board.ts';
import { createPeriodogramThread } from './periodogram-thread.ts';
import { servePlan } from './plan-store.ts';
import { answerError, refuse } from './refusal.ts';
import { HOME, isLoopback, readSettings } from './settings.ts';
import { stopOnSignal } from './stop-signal.ts';
import { findVisitor } from './visitor.ts';

const settings = readSettings(process.env);
const { host, socket, name, dataFolder, broker, secret, publishKey, heartbeatMs, drainWindowMs } = settings;
const trust = { secret, development: secret === undefined };

const flow = createFlow(observatory, {
  ...trust,
  broker,
  single: true, // asked of memory: alone, which is then in this process with its gateway
  authenticate(request) {
    const user = findVisitor(request.headers.get('cookie'));
    return user !== undefined && { user };
  },
  onEvent(event) {
    // Who adds what is there already is told so, and nothing has failed.
    const isRefusal = event.type === 'action-failed' && event.error instanceof PlanError;
    if (!isRefusal) console.error(event);
  },
});
servePlan(flow, dataFolder);
const desk = createDesk({
  server: name,
  archive: createArchive(dataFolder),
  thread: createPeriodogramThread(),
  board: createNoticeBoard(flow),
  onError: (error) => console.error(error),
});
const newsroom = createNewsroom({
  flow,
  dataFolder,
  feed: settings.feed,
  intervalMs: settings.feedIntervalMs,
  onNotice: (line) => console.log(line),
});

const app = express();
const server = createServer(app);
// Behind nginx there is a pool of gateways, but for a memory, which can't be shared.
const gateway =
  socket === undefined || broker === 'memory:'
    ? serveGateway(server, {
        ...trust,
        publishKey,
        broker: flow.broker,
        path: '/websocket',
        heartbeatMs,
        drainWindowMs,
      })
    : undefined;
// Only a proxy of ours reaches a Unix socket, and it says how its own clients came.
app.set('trust proxy', socket !== undefined);
app.use(createSecurityHeaders());
// Before any body parser: one would change the numbers in messages.
if (gateway) app.use('/gateway', toNodeHandler(gateway.handler));
app.use(toNodeHandler(flow.handler));
app.use('/light-curves', createLightCurveRoutes({ desk, seriesFolder: join(HOME, 'series') }));
app.get('/news', async (_request, response) => {
  response.set('cache-control', 'no-store').json({ items: await newsroom.list() });
});
app.get('/terminal', (_request, response) => {
  response.set('cache-control', 'no-store').json({ publishKeyFile: settings.publishKeyFile });
});
app.use(createFrontPage(join(HOME, 'dist/front')));
app.use((_request, response) => refuse(response, 404, { code: 'not-found', message: 'Cannot find that' }));
app.use(answerError);

stopOnSignal(async () => {
  await Promise.all([gateway?.drain(), newsroom.stop(), desk.close()]);
  await gateway?.close();
  await flow.close();
  server.close();
  server.closeIdleConnections();
  // What is still being answered has a second.
  await Promise.race([once(server, 'close'), delay(1_000)]);
});
try {
  if (socket !== undefined) await clearSocketPath(socket);
  server.listen(socket === undefined ? { port: settings.port, host } : { path: socket });
  await once(server, 'listening');
} catch (error) {
  const { message } = error as Error;
  const place = socket ?? `${host}:${settings.port}`;
  console.error(error instanceof SocketPathError ? message : `Cannot listen on ${place}: ${message}`);
  process.exit(1);
}
const { port } = server.address() as AddressInfo;
console.log(`Observatory: ${socket ?? `http://${isLoopback(host) ? 'localhost' : host}:${port}`}`);
newsroom.start();
await desk.recover();
