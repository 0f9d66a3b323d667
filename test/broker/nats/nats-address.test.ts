import { expect, test } from 'vitest';
import { readNatsAddress } from '../../../src/broker/nats/nats-address.ts';

const read = (url: string, options = {}) => readNatsAddress(new URL(url), options);

test('a URL says server, user and password, which are percent-encoded', () => {
  expect(read('nats://ada:p%40ss%2Fw%3Ard@nats.example:4333')).toEqual({
    servers: [{ host: 'nats.example', port: 4333 }],
    credentials: { type: 'password', user: 'ada', password: 'p@ss/w:rd' },
    tls: undefined,
    prefix: 'message-flow',
    replicas: undefined,
  });
});

test('a user without a password is a token', () => {
  expect(read('nats://s3cret@nats.example').credentials).toEqual({ type: 'token', token: 's3cret' });
});

test('the other servers of a cluster are parameters, and a port that is left out is 4222', () => {
  expect(read('nats://a:b@one.example?server=two.example:4223&server=[::1]:4224').servers).toEqual([
    { host: 'one.example', port: 4222 },
    { host: 'two.example', port: 4223 },
    { host: '::1', port: 4224 },
  ]);
});

test('prefix, replicas and files are parameters', () => {
  const url =
    'tls://nats.example?nkey=/run/seed&prefix=shop_1&replicas=3&ca=/run/ca.pem&cert=/run/c.pem&key=/run/k.pem';
  expect(read(url)).toMatchObject({
    credentials: { type: 'nkey', file: '/run/seed' },
    tls: { ca: '/run/ca.pem', cert: '/run/c.pem', key: '/run/k.pem' },
    prefix: 'shop_1',
    replicas: 3,
  });
});

test.each([
  'nats://nats.example',
  'tls://10.0.0.1',
  'nats://127.0.0.1?server=nats.example',
  'nats://localhost.example',
])('a server off this machine without credentials is refused: %s', (url) => {
  expect(() => read(url)).toThrow('is not this machine, so it needs credentials');
  expect(() => read(url, { development: true })).not.toThrow();
});

test.each(['nats://127.0.0.1', 'nats://localhost:4223', 'nats://[::1]:4222', 'nats://127.8.9.10'])(
  'a server on this machine needs none: %s',
  (url) => {
    expect(read(url).credentials).toEqual({ type: 'none' });
  },
);

test.each([
  ['nats://a:hunter2@host?pasword=x', 'a parameter "pasword"'],
  ['nats://token?hunter2@host', 'a parameter "…"'],
  ['nats://a:hunter2@host/path', 'it must end after the port'],
  ['nats://a:hunter2@host#x', 'it must end after the port'],
  ['nats://a:hunter2@host?server=b:0', 'a server must be a host'],
  ['nats://a:hunter2@host?server=hunter2@b', 'a server must be a host'],
  ['nats://a:hunter2@host?replicas=2', 'its replicas must be 1, 3 or 5'],
  ['nats://a:hunter2@host?prefix=a.b', 'its prefix must be'],
  ['nats://a:hunter2@host?prefix=*', 'its prefix must be'],
  ['nats://a:hunter2@host?prefix=', 'its prefix must be'],
  ['nats://a:hunter2@host?nkey=/seed', 'more than one credential'],
  ['nats://a:hunter2@host?ca=/ca.pem', '"ca" is for tls:// only'],
  ['nats://a:hunter2%@host', 'its credentials must be percent-encoded'],
])('%s is refused, and tells no secret', (url, reason) => {
  expect(() => read(url)).toThrow(RangeError);
  expect(() => read(url)).toThrow(reason);
  expect(() => read(url)).not.toThrow(/hunter2/);
});
