import { expect, test } from 'vitest';
import { readPlace } from '../../../src/broker/zeromq/place.ts';

test('a folder is a place with two Unix sockets', () => {
  expect(readPlace(new URL('zeromq+ipc:///run/message%20flow/'))).toEqual({
    address: 'zeromq+ipc:///run/message%20flow/',
    requests: 'ipc:///run/message flow/requests',
    live: 'ipc:///run/message flow/live',
    files: ['/run/message flow/requests', '/run/message flow/live'],
  });
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['127.9.9.9', '127.9.9.9'],
  ['localhost', '127.0.0.1'],
  ['[::1]', '[::1]'],
])('a port of %s is a place at it and the next', (host, shown) => {
  expect(readPlace(new URL(`zeromq://${host}:5570`))).toMatchObject({
    requests: `tcp://${shown}:5570`,
    live: `tcp://${shown}:5571`,
    files: [],
  });
});

test.each([
  ['zeromq+ipc:run', 'by its whole path'],
  ['zeromq+ipc://', 'by its whole path'],
  ['zeromq+ipc:///', 'by its whole path'],
  ['zeromq+ipc://host/run', 'by its whole path'],
  ['zeromq+ipc:///a%00b', 'by its whole path'],
  ['zeromq+ipc:///a%ff', 'by its whole path'],
  ['zeromq+ipc:///a?b', 'before "?"'],
  [`zeromq+ipc:///${'x'.repeat(100)}`, 'has 110 bytes, at most 107 are possible'],
  ['zeromq://', 'a host and a port'],
  ['zeromq://127.0.0.1', 'a host and a port'],
  ['zeromq://127.0.0.1:0', 'a host and a port'],
  ['zeromq://127.0.0.1:65535', 'a host and a port'],
  ['zeromq://127.0.0.1:5570/a', 'a host and a port'],
  ['zeromq://a%20b:5570', 'a host and a port'],
  ['zeromq://*:5570', 'a host and a port'],
])('%s is refused: %s', (url, reason) => {
  expect(() => readPlace(new URL(url), { development: true })).toThrow(RangeError);
  expect(() => readPlace(new URL(url), { development: true })).toThrow(reason);
});

test.each(['proxy.example', '0.0.0.0', '[::]', '10.0.0.1', '127.0.0.1.example', 'localhost.example'])(
  '%s, which others reach, is refused but in development',
  (host) => {
    expect(() => readPlace(new URL(`zeromq://${host}:5570`))).toThrow('whoever reaches that host');
    expect(readPlace(new URL(`zeromq://${host}:5570`), { development: true }).requests).toBe(`tcp://${host}:5570`);
  },
);

test('a host that others reach is a place where there is a secret', () => {
  const secret = 'a secret/of more:than 32 bytes, with @ and é';
  expect(readPlace(new URL(`zeromq://:${encodeURIComponent(secret)}@proxy.example:5570`))).toMatchObject({
    address: 'zeromq://proxy.example:5570',
    requests: 'tcp://proxy.example:5570',
    secret,
  });
});

test.each(['zeromq://ada:hunter2@127.0.0.1:5570', 'zeromq://:hunter2@127.0.0.1:5570', 'zeromq+ipc://a:hunter2@h/run'])(
  '%s is refused without showing what it holds',
  (url) => {
    expect(() => readPlace(new URL(url))).toThrow(RangeError);
    expect(() => readPlace(new URL(url))).not.toThrow(/hunter2/);
  },
);
