/** The process that is measured: it holds the sockets, as a gateway or, for control, as `ws` and a loop. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFlow } from 'message-flow/backend';
import { contract, type } from 'message-flow/contract';
import { serveGateway } from 'message-flow/gateway';
import { type WebSocket, WebSocketServer } from 'ws';
import { type HolderOrder, ROUTE, SAID, SECRET, type Usage } from './orders.ts';

/** Says one message to everyone, or to each user. */
type Say = (order: Extract<HolderOrder, { type: 'say' }>) => void;

/** Between two turns, so that the other end keeps up, in milliseconds. */
const PAUSE_MS = 10;
/** After the last connection, before memory is read. */
const SETTLING_MS = 2_000;

const server = createServer();
const say = process.argv[2] === 'control' ? holdAsControl() : holdAsGateway();
server.listen(0, '127.0.0.1', () => process.send?.(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${ROUTE}`));
process.on('disconnect', () => process.exit());
process.on('message', (order: HolderOrder) => {
  void serve(order).then((answer) => process.send?.(answer));
});

async function serve(order: HolderOrder): Promise<Usage> {
  if (order.type === 'say') {
    for (let turn = 0; turn < order.turns; turn++) {
      for (let i = 0; i < order.perTurn; i++) say(order);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return measure();
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return measure();
}

function measure(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, residentBytes: process.memoryUsage.rss() };
}

function holdAsGateway(): Say {
  const app = contract({ events: { said: type<typeof SAID>() }, channels: [] });
  const flow = createFlow(app, { broker: 'memory:', single: true, secret: SECRET, authenticate: () => null });
  serveGateway(server, {
    broker: flow.broker,
    secret: SECRET,
    origins: ['http://localhost'],
    maxConnections: 100_000,
    path: ROUTE,
  });
  return ({ to, users }) => {
    if (to === 'everyone') void flow.everyone.send('said', SAID);
    else for (let i = 0; i < users; i++) void flow.user(`user-${i}`).send('said', SAID);
  };
}

function holdAsControl(): Say {
  const sockets = new Set<WebSocket>();
  new WebSocketServer({ server, path: ROUTE, perMessageDeflate: false }).on('connection', (socket) => {
    sockets.add(socket);
    socket.on('message', () => socket.send('{"id":"AUTH OK"}'));
  });
  let count = 0;
  return ({ to }) => {
    count += 1;
    const at = `epoch:${count}:01234567`;
    const text = JSON.stringify({ id: 'said', data: SAID, log: 'everyone', at });
    for (const socket of sockets) {
      socket.send(to === 'everyone' ? text : JSON.stringify({ id: 'said', data: SAID, log: 'user/user-1', at }));
    }
  };
}
