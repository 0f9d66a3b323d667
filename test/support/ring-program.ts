/** A backend and its gateway, for clients of any runtime: ring-process.ts bundles and spawns it. It ends with its stdin. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { createFlow, toNodeHandler } from 'message-flow/backend';
import { channel, contract, type } from 'message-flow/contract';
import { serveGateway } from 'message-flow/gateway';

export const app = contract({
  events: { 'TASK DONE': type<string>() },
  channels: [channel('project/:projectId', { 'file/saved': type<{ path: string }>() })],
});

const flow = createFlow(app, { broker: 'memory:', development: true, authenticate: () => ({ user: 'ada' }) });
flow.allow('project/:projectId', () => true);
const handle = toNodeHandler(flow.handler);
const transports = new Set<Socket>();

/** What a test may have done, by the last part of the path. */
const actions: Record<string, (said: string, own: Socket) => unknown> = {
  send: (text) => flow.user('ada').send('TASK DONE', text),
  save: (path) => flow.channel('project/:projectId', { projectId: 'p1' }).send('file/saved', { path }),
  revoke: () => flow.revoke({ user: 'ada' }),
  cut(text, own) {
    for (const transport of transports) if (transport !== own) transport.resetAndDestroy();
    return flow.user('ada').send('TASK DONE', text);
  },
};

const server = createServer((request, response) => {
  void handle(request, response, async () => {
    const action = actions[request.url?.slice('/test/'.length) ?? ''];
    await action?.((await json(request)) as string, request.socket);
    response.writeHead(action ? 204 : 404).end();
  });
});
server.on('connection', (transport) => {
  transports.add(transport);
  transport.on('close', () => transports.delete(transport));
});
serveGateway(server, { broker: flow.broker, development: true });
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
process.stdin.resume().on('close', () => process.exit());
