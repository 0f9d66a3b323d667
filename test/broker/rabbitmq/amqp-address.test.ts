import { expect, test } from 'vitest';
import { readAmqpAddress } from '../../../src/broker/rabbitmq/amqp-address.ts';

const read = (url: string, options = {}) => readAmqpAddress(new URL(url), options);

test('a host alone is guest at the usual port, at the vhost "/"', () => {
  expect(read('amqp://localhost')).toEqual({
    ...{ servers: [{ host: 'localhost', port: 5672 }], user: 'guest', password: 'guest', vhost: '/' },
    ...{ tls: undefined, prefix: 'message-flow', replicas: undefined },
    maxHeldBytes: 256 * 1_048_576,
  });
});

test('all that a URL may say is read', () => {
  expect(
    read(
      'amqps://ada:p%40ss%2Fw@a.example/my%2Fhost?server=[::1]:7&prefix=shop&replicas=3&memory=2&ca=ca.crt&cert=a.crt&key=a.key',
    ),
  ).toEqual({
    servers: [
      { host: 'a.example', port: 5671 },
      { host: '::1', port: 7 },
    ],
    ...{ user: 'ada', password: 'p@ss/w', vhost: 'my/host', prefix: 'shop', replicas: 3, maxHeldBytes: 2_097_152 },
    tls: { ca: 'ca.crt', cert: 'a.crt', key: 'a.key' },
  });
});

test.each([
  ['amqp://localhost?heartbeat=5', /parameter "heartbeat"/],
  ['amqp://localhost#x', /written %23/],
  ['amqp://localhost?server=a/b', /a server must be a host/],
  ['amqp://localhost:0', /a server must be a host/],
  ['amqp://?server=localhost', /a server must be a host/],
  ['amqp://a.example', /"a.example" is not this machine, so it needs credentials/],
  ['amqp://ada@a.example', /needs credentials/],
  ['amqp://localhost?server=a.example', /"a.example" is not this machine/],
  ['amqp://localhost?ca=x', /"ca" is for amqps/],
  ['amqp://a%zz:b@localhost', /percent-encoded/],
  ['amqp://localhost/%zz', /vhost must be percent-encoded/],
  ['amqp://localhost?prefix=a.b', /prefix must be/],
  ['amqp://localhost?prefix=', /prefix must be/],
  ['amqp://localhost?replicas=0', /replicas must be/],
  ['amqp://localhost?memory=0', /memory must be/],
])('%s is refused', (url, reason) => {
  expect(() => read(url)).toThrow(reason);
  expect(() => read(url)).toThrow(RangeError);
});

test('a developer may leave credentials out', () => {
  expect(read('amqp://a.example', { development: true }).user).toBe('guest');
});

test.each([
  ['amqp://ada:hunter2@a.example?nothing=1', 'a parameter "nothing"'],
  ['amqp://ada?hunter2@a.example', 'a parameter "…"'],
])('the refusal of %s tells no secret', (url, reason) => {
  expect(() => read(url)).toThrow(reason);
  expect(() => read(url)).not.toThrow('hunter2');
});
