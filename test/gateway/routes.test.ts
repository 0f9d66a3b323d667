import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { type NodeHandler, toNodeHandler } from 'message-flow/backend';
import { createMemoryBroker } from 'message-flow/broker';
import { serveGateway } from 'message-flow/gateway';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { createFaultyBroker } from './faulty-broker.ts';
import { append, PUBLISH_KEY, SECRET, startGateway, topOf } from './test-gateway.ts';

const MESSAGE = { everyone: true, id: 'x', data: 1 };

test.each([
  ['no header', {}, 401],
  ['a wrong key', { authorization: 'Bearer wrong' }, 401],
  ['half the key', { authorization: `Bearer ${PUBLISH_KEY.slice(0, -1)}` }, 401],
  ['another scheme', { authorization: `Basic ${PUBLISH_KEY}` }, 401],
  ['the key', { authorization: `Bearer ${PUBLISH_KEY}` }, 200],
])('with %s, publish and tops answer as they should', async (_, headers, status) => {
  const { gateway } = await startGateway();
  for (const [route, body] of [
    ['publish', MESSAGE],
    ['tops', { logs: ['everyone'] }],
  ] as const) {
    const response = await gateway.handler(
      new Request(`http://localhost/gateway/${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers } as Record<string, string>,
        body: JSON.stringify(body),
      }),
    );
    expect(response.status).toBe(status);
    if (status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer');
  }
});

test('a key in the address is no key', async () => {
  const { gateway } = await startGateway();
  const url = `http://localhost/gateway/publish?key=${encodeURIComponent(PUBLISH_KEY)}`;
  const headers = { 'content-type': 'application/json' };
  const response = await gateway.handler(new Request(url, { method: 'POST', headers, body: JSON.stringify(MESSAGE) }));
  expect(response.status).toBe(401);
});

test('without a publish key, publish and tops are off', async () => {
  const { post } = await startGateway({ publishKey: undefined as never });
  expect((await post('publish', MESSAGE)).status).toBe(403);
  expect((await post('tops', { logs: [] })).status).toBe(403);
});

test.each([
  ['http://localhost:1234/gateway/publish', 200],
  ['http://127.0.0.1/gateway/publish', 200],
  ['http://[::1]:8080/gateway/publish', 200],
  ['http://evil.test/gateway/publish', 403],
  ['http://localhost.evil.test/gateway/publish', 403],
  ['http://10.0.0.7/gateway/publish', 403],
])('in development without a key, %s is answered %i', async (url, status) => {
  const { gateway } = await startGateway({ publishKey: undefined as never, development: true });
  const headers = { 'content-type': 'application/json' };
  const response = await gateway.handler(new Request(url, { method: 'POST', headers, body: JSON.stringify(MESSAGE) }));
  expect(response.status).toBe(status);
});

test('who has no key is told so before the body is read', async () => {
  const { gateway } = await startGateway();
  let isRead = false;
  const body = new ReadableStream(
    {
      pull() {
        isRead = true;
        return new Promise(() => {});
      },
    },
    { highWaterMark: 0 },
  );
  const request = new Request('http://localhost/gateway/publish', {
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit);
  expect((await gateway.handler(request)).status).toBe(401);
  expect(isRead).toBe(false);
});

test.each([
  ['text/plain'],
  ['application/x-www-form-urlencoded'],
  [''],
  ['application/jsonp'],
  ['text/application/json'],
])('the content type %j is answered 415', async (type) => {
  const { post } = await startGateway();
  expect((await post('publish', MESSAGE, { 'content-type': type })).status).toBe(415);
});

test.each([['application/json'], ['application/json; charset=utf-8'], ['Application/JSON']])(
  'the content type %j is taken',
  async (type) => {
    const { post } = await startGateway();
    expect((await post('publish', MESSAGE, { 'content-type': type })).status).toBe(200);
  },
);

test.each([
  ['publish', 'GET', 'POST'],
  ['publish', 'PUT', 'POST'],
  ['tops', 'GET', 'POST'],
  ['health', 'POST', 'GET'],
  ['ready', 'DELETE', 'GET'],
  ['metrics', 'POST', 'GET'],
])('%s by %s is answered 405 with the right method', async (route, method, allow) => {
  const { gateway } = await startGateway();
  const response = await gateway.handler(new Request(`http://localhost/gateway/${route}`, { method }));
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
});

const ROUTES = ['publish', 'tops', 'health', 'ready', 'metrics'];

test('another route is answered 404', async () => {
  const { get } = await startGateway();
  expect((await get('elsewhere')).status).toBe(404);
  expect((await get('constructor')).status).toBe(404);
});

test.each([
  [undefined, '/gateway/'],
  ['/internal/flow', '/internal/flow/'],
  ['/', '/'],
])('with basePath %j its routes are at %s, and every other path is the app’s', async (basePath, below) => {
  const { gateway } = await startGateway({ basePath: basePath as never });
  for (const name of ROUTES) expect(gateway.handler.matches(`${below}${name}`)).toBe(true);
  for (const path of ['', 'publishing', 'publish/', 'x/publish', 'elsewhere', 'toString', '%70ublish'])
    expect(gateway.handler.matches(`${below}${path}`)).toBe(false);
  for (const path of ['/a/publish', '/app/health', '/orders/metrics'])
    expect(gateway.handler.matches(path)).toBe(false);
});

test.each(['', 'gateway', '/gateway/', '//', '/a?b', '/a#b'])('the basePath %j is refused', (basePath) => {
  const start = () => serveGateway(createServer(), { broker: createMemoryBroker(), secret: SECRET, basePath });
  expect(start).toThrow(/basePath is/);
});

test.each([
  ['mounted at its path', (app: Express, handle: NodeHandler) => app.use('/gateway', handle)],
  ['not mounted', (app: Express, handle: NodeHandler) => app.use(handle)],
])('in an Express app, %s, it answers its own paths and leaves the others', async (_, put) => {
  const { gateway } = await startGateway();
  const app = express();
  put(app, toNodeHandler(gateway.handler));
  app.get(['/health', '/orders/health'], (_request, response) => void response.send('the app'));
  const server = app.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const ask = async (path: string) => {
    const { port } = server.address() as AddressInfo;
    return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  expect(await ask('/gateway/ready')).toContain('"ready"');
  expect([await ask('/health'), await ask('/orders/health')]).toEqual(['the app', 'the app']);
});

test('no answer may be kept by a cache', async () => {
  const { get, post } = await startGateway();
  for (const response of [
    await get('ready'),
    await get('metrics'),
    await get('health'),
    await post('publish', MESSAGE),
  ]) {
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
});

test('tops gives the end of every log that is asked for, used or not', async () => {
  const { post, broker } = await startGateway();
  const [, at] = await append(broker, 'user/ada', 2);
  const response = await post('tops', { logs: ['user/ada', 'channel/new', 'everyone'] });
  expect(await response.json()).toEqual({
    at: {
      'user/ada': at,
      'channel/new': await topOf(broker, 'channel/new'),
      everyone: await topOf(broker, 'everyone'),
    },
  });
});

test.each([
  [{}],
  [null],
  [[]],
  [{ logs: 'everyone' }],
  [{ logs: [7] }],
  [{ logs: ['nowhere'] }],
  [{ logs: Array.from({ length: 131 }, (_, i) => `channel/${i}`) }],
])('tops of %j is answered 400', async (body) => {
  const { post } = await startGateway();
  expect((await post('tops', body)).status).toBe(400);
});

test('tops are answered 503 while the broker is away', async () => {
  const broker = createMemoryBroker();
  const { post } = await startGateway({ broker: { ...broker, tops: () => Promise.reject(new Error('away')) } });
  expect((await post('tops', { logs: ['everyone'] })).status).toBe(503);
});

test('metrics tell what passed through', async () => {
  const { get, connect, broker, open } = await startGateway();
  const socket = await connect('ada');
  await append(broker, 'user/ada', 3);
  await socket.text((text) => text.includes('{"n":3}'), 'the entries');
  const stranger = await open();
  stranger.send('bad');
  stranger.send('{');
  await stranger.closed();
  stranger.destroy();
  const response = await get('metrics');
  expect(response.headers.get('content-type')).toContain('text/plain');
  const lines = (await response.text()).split('\n');
  for (const line of [
    'message_flow_connections 1',
    'message_flow_logs 3',
    'message_flow_subscriptions 3',
    'message_flow_connections_opened_total 2',
    'message_flow_connections_closed_total{code="4400"} 1',
    'message_flow_tokens_refused_total{reason="malformed"} 1',
    'message_flow_entries_sent_total 3',
  ]) {
    expect(lines).toContain(line);
  }
});

test('in development without a key, a server that is not known to be on this machine alone takes nothing', async () => {
  const broker = createMemoryBroker();
  const gateway = serveGateway(createServer(), { broker, development: true });
  onTestFinished(() => gateway.close());
  const headers = { 'content-type': 'application/json' };
  const request = new Request('http://localhost/gateway/publish', {
    method: 'POST',
    headers,
    body: JSON.stringify(MESSAGE),
  });
  expect((await gateway.handler(request)).status).toBe(403);
});

test.each([
  ['tops', 'POST', 'tops', 5_000],
  ['ready', 'GET', 'health', 2_000],
] as const)('/%s of a broker that never settles is a 503', async (route, method, call, limitMs) => {
  const broker = createFaultyBroker();
  const { gateway, time } = startFakeHost({ broker, publishKey: PUBLISH_KEY });
  await until(() => gateway.isReady(), 'ready');
  broker.hanging[call] = 1;
  const headers = { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json' };
  const body = method === 'POST' ? JSON.stringify({ logs: ['everyone'] }) : null;
  const answer = gateway.handler(new Request(`http://localhost/gateway/${route}`, { method, headers, body }));
  await until(() => broker.hanging[call] === 0, 'the broker to be asked');
  await time.elapse(limitMs);
  expect((await answer).status).toBe(503);
});
