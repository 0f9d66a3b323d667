import type { Server } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { serveGateway } from 'message-flow/gateway';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { nextTurn, until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { layFrame } from './raw-socket.ts';
import { SECRET, startGateway } from './test-gateway.ts';

test('a request without an origin is no page and may connect', async () => {
  const { open } = await startGateway();
  expect((await open()).status).toBe(101);
});

test('the 2016 bytes of AUTH REQUEST are the first thing a connection hears', async () => {
  const { open } = await startGateway();
  const socket = await open();
  await socket.text(() => true, 'AUTH REQUEST');
  expect(socket.frames).toEqual([{ isFinal: true, opcode: 1, payload: Buffer.from('{"id": "AUTH REQUEST"}') }]);
});

test('no extension and no subprotocol is taken', async () => {
  const { open } = await startGateway();
  const socket = await open({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } });
  expect(socket.status).toBe(101);
  expect(socket.head.toLowerCase()).not.toContain('sec-websocket-extensions');
  expect(socket.head.toLowerCase()).not.toContain('sec-websocket-protocol');
});

test.each([['https://gateway.test'], ['http://gateway.test'], ['http://gateway.test:80'], ['http://GATEWAY.test']])(
  'by default a page of the same host may connect: %s',
  async (Origin) => {
    const { open } = await startGateway();
    expect((await open({ headers: { Origin } })).status).toBe(101);
  },
);

test.each([
  ['null'],
  [''],
  ['http://evil.test'],
  ['http://gateway.test.evil.test'],
  ['http://evilgateway.test'],
  ['http://gateway.test:8080'],
  ['http://gateway.test@evil.test'],
  ['http://evil.test/gateway.test'],
  ['http://evil.test#gateway.test'],
  ['http://gateway.test.'],
  ['gateway.test'],
  ['//gateway.test'],
  ['http://gatew\u00e4y.test'],
  ['http://[::1]'],
  ['http://localhost'],
  ['file://'],
])('by default a page of another origin gets a 403 and no upgrade: %j', async (Origin) => {
  const { open, events } = await startGateway();
  const socket = await open({ headers: { Origin } });
  expect(socket.status).toBe(403);
  await until(() => events.some(({ type }) => type === 'upgrade-refused'), 'the report');
});

test.each([
  ['https://app.test', 101],
  ['http://app.test', 403],
  ['https://app.test/', 403],
  ['https://APP.test', 403],
  ['https://app.test:443', 403],
  ['https://gateway.test', 403],
  ['https://app.test.evil.test', 403],
])('with origins set, only those connect, to the letter: %s gets %i', async (Origin, status) => {
  const { open } = await startGateway({ origins: ['https://app.test'] });
  expect((await open({ headers: { Origin } })).status).toBe(status);
});

describe('with the development secret, which everyone knows, a socket needs what /publish needs', () => {
  const known = { secret: undefined, development: true } as const;

  test.each([
    ['localhost', 101],
    ['localhost:5000', 101],
    ['127.0.0.1:5000', 101],
    ['[::1]:5000', 101],
    ['evil.test', 403],
    ['localhost.evil.test', 403],
    ['192.168.1.7:5000', 403],
    ['', 403],
  ])('on this machine alone, Host %j gets %i', async (Host, status) => {
    const { open } = await startGateway(known);
    const socket = await open({ headers: { Host, Origin: Host && `http://${Host}` } });
    expect(socket.status).toBe(status);
  });

  test('a 403 says to set a secret', async () => {
    const { open } = await startGateway(known);
    const socket = await open({ headers: { Host: 'evil.test' } });
    await socket.ended();
    expect(socket.body).toContain('set secret');
  });

  test('a server that others reach takes nobody', async () => {
    const { server, port, open } = await startGateway(known);
    server.address = () => ({ address: '0.0.0.0', family: 'IPv4', port }); // said only: a test listens on this machine alone
    expect((await open({ headers: { Host: 'localhost' } })).status).toBe(403);
  });

  test('with a secret of its own, development asks for none of this', async () => {
    const { server, port, open } = await startGateway({ development: true });
    server.address = () => ({ address: '0.0.0.0', family: 'IPv4', port });
    expect((await open()).status).toBe(101);
  });

  test('the health check finds its way', async () => {
    const { get } = await startGateway(known);
    expect((await get('health')).status).toBe(200);
  });
});

test('a 403 comes before the upgrade, whole and closed, and says why', async () => {
  const { open } = await startGateway();
  const socket = await open({ headers: { Origin: 'http://evil.test' } });
  await socket.ended();
  expect(socket.head).toContain('Connection: close');
  expect(socket.body).toBe('origin not allowed');
});

test('a refused peer that never hangs up is hung up on', async () => {
  const { open, transports } = await startGateway();
  const socket = await open({ headers: { Origin: 'http://evil.test' } });
  await socket.ended();
  await until(() => transports[0]?.destroyed, 'the transport to be freed');
});

test.each([
  ['another path', { path: '/elsewhere' }, 404],
  ['a path below', { path: '/websocket/x' }, 404],
  ['a path with a dot segment', { path: '/websocket/../websocket' }, 404],
  ['an encoded path', { path: '/%77ebsocket' }, 404],
  ['another method', { method: 'POST' }, 405],
  ['HTTP/1.0', { httpVersion: '1.0' }, 400],
  ['another protocol', { headers: { Upgrade: 'h2c' } }, 400],
  ['an old version', { headers: { 'Sec-WebSocket-Version': '8' } }, 426],
  ['no version', { headers: { 'Sec-WebSocket-Version': undefined } }, 426],
  ['no key', { headers: { 'Sec-WebSocket-Key': undefined } }, 400],
  ['a short key', { headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' } }, 400],
] as const)('an upgrade with %s is refused', async (_, handshake, status) => {
  const { open } = await startGateway();
  expect((await open(handshake)).status).toBe(status);
});

test('a refused version is told the right one', async () => {
  const { open } = await startGateway();
  const socket = await open({ headers: { 'Sec-WebSocket-Version': '8' } });
  expect(socket.head).toContain('Sec-WebSocket-Version: 13');
});

test('a query does not change the path', async () => {
  const { open } = await startGateway();
  expect((await open({ path: '/websocket?x=1' })).status).toBe(101);
});

test('the path can be chosen', async () => {
  const { open } = await startGateway({ path: '/live' });
  expect((await open({ path: '/live' })).status).toBe(101);
});

test("another listener's upgrades are left alone", async () => {
  const { server, open } = await startGateway();
  const other = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, transport, head) => {
    if (request.url !== '/hot-reload') return;
    other.handleUpgrade(request, transport, head, (webSocket) => webSocket.send('hello'));
  });
  const theirs = await open({ path: '/hot-reload' });
  await theirs.text((text) => text === 'hello', 'the other server');
  const ours = await open();
  await ours.text((text) => text === '{"id": "AUTH REQUEST"}', 'ours');
  expect(theirs.texts).toEqual(['hello']);
});

/** Adds a listener that takes nothing; settles once it, and all before it, were told of an upgrade. */
function idle(server: Server): Promise<void> {
  return new Promise((resolve) => server.on('upgrade', () => resolve()));
}

test('an upgrade that no listener takes is answered after 10 s, not kept for ever', async () => {
  const time = createFakeTime();
  const { server, open } = await startGateway({ clock: time.clock });
  const seen = idle(server);
  const opening = open({ path: '/nowhere' });
  await seen;
  time.advance(9_999);
  await nextTurn();
  time.advance(1);
  const socket = await opening;
  await socket.ended();
  expect([socket.status, socket.body]).toEqual([404, 'WebSockets are at /websocket']);
});

test('two gateways on one server answer once for a path of neither', async () => {
  const time = createFakeTime();
  const { server, broker, open } = await startGateway({ clock: time.clock });
  const other = serveGateway(server, { broker, secret: SECRET, clock: time.clock, path: '/other' });
  onTestFinished(() => other.close());
  const seen = idle(server);
  const opening = open({ path: '/nowhere' });
  await seen;
  time.advance(10_000);
  const socket = await opening;
  await socket.ended();
  expect(socket.head.match(/HTTP/g)).toHaveLength(1);
  expect(socket.body).toMatch(/^WebSockets are at \/(websocket|other)$/);
  expect((await open({ path: '/other' })).status).toBe(101);
});

test('a listener that thinks about an upgrade for some seconds still gets it, and keeps it', async () => {
  const time = createFakeTime();
  const { server, open } = await startGateway({ clock: time.clock });
  const other = new WebSocketServer({ noServer: true });
  let decide: () => void = () => {};
  server.on('upgrade', (request, transport, head) => {
    decide = () => other.handleUpgrade(request, transport, head, (webSocket) => webSocket.send('hello'));
  });
  const seen = idle(server);
  const opening = open({ path: '/hot-reload' });
  await seen;
  time.advance(9_000);
  decide();
  const theirs = await opening;
  time.advance(60_000);
  await theirs.text((text) => text === 'hello', 'the other server');
  expect([theirs.status, theirs.isEnded]).toEqual([101, false]);
});

test('a peer that resets an upgrade which nobody took ends no process', async () => {
  const time = createFakeTime();
  const { server, port, transports } = await startGateway({ clock: time.clock });
  const seen = idle(server);
  const faults: unknown[] = [];
  const note = (error: unknown) => faults.push(error);
  process.on('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  const peer = createConnection(port, '127.0.0.1');
  peer.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await seen;
  const transport = transports[0] as Socket;
  transport.resume(); // as a listener does that reads before it decides
  peer.resetAndDestroy();
  await until(() => transport.destroyed, 'the reset');
  expect(faults).toEqual([]);
});

test('a gateway that closes ends the upgrades that nobody has taken', async () => {
  const time = createFakeTime();
  const { gateway, server, open } = await startGateway({ clock: time.clock });
  const seen = idle(server);
  const opening = open({ path: '/nowhere' });
  await seen;
  await gateway.close();
  expect((await opening).status).toBe(404);
});

test('frames in the packet of the handshake are read', async () => {
  const { open } = await startGateway();
  const socket = await open({ head: layFrame('<3') });
  await socket.text((text) => text === '<3', 'the heartbeat');
});

test('a gateway that was closed leaves upgrades to others', async () => {
  const { gateway, server } = await startGateway();
  await gateway.close();
  expect(server.listenerCount('upgrade')).toBe(0);
});
