import { createServer } from 'node:http';
import express from 'express';
import { createMemoryBroker } from 'message-flow/broker';
import { type GatewayOptions, serveGateway } from 'message-flow/gateway';
import { expect, test } from 'vitest';
import { SECRET } from './test-gateway.ts';

const broker = createMemoryBroker();

function start(options: Partial<GatewayOptions>): void {
  void serveGateway(createServer(), { broker, secret: SECRET, ...options }).close();
}

test.each<[string, Partial<GatewayOptions>, RegExp]>([
  ['no secret', { secret: undefined as never }, /secret is not set/],
  ['an empty list of secrets', { secret: [] }, /secret is not set/],
  ['a secret of 31 bytes', { secret: 'x'.repeat(31) }, /31 bytes, at least 32/],
  ['a short second secret', { secret: [SECRET, 'short'] }, /secret 2 has 5 bytes/],
  ['the development secret', { secret: 'message-flow development secret, never for production' }, /known to everyone/],
  ['any origin', { origins: '*' }, /origins is "\*"/],
  ['a publish key of 15 characters', { publishKey: 'x'.repeat(15) }, /publishKey has 15 characters/],
  ['an empty publish key', { publishKey: '' }, /publishKey has 0 characters/],
  ['a heartbeat of 0', { heartbeatMs: 0 }, /heartbeatMs is 0/],
  ['a negative limit', { maxConnections: -1 }, /maxConnections is -1/],
  ['NaN', { lingerMs: Number.NaN }, /lingerMs is NaN/],
])('%s is refused at start, and the error says so', (_, options, message) => {
  expect(() => start(options)).toThrow(RangeError);
  expect(() => start(options)).toThrow(message);
});

test.each([
  ['a URL', 'memory:'],
  ['none', undefined],
])('%s as the broker is refused, and the error names what is one', (_, broker) => {
  expect(() => start({ broker: broker as never })).toThrow(/it must be a broker, such as flow\.broker/);
});

test('an app of Express in place of its server is refused, and the error says where that is', () => {
  const options = { broker, secret: SECRET };
  expect(() => serveGateway(express() as never, options)).toThrow(/server is no HTTP server, it must be what/);
});

test('no error shows a secret or a key', () => {
  for (const options of [{ secret: 'my short secret' }, { publishKey: 'my short key' }]) {
    try {
      start(options);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('my short');
    }
  }
});

test('what is safe on a developer’s machine only is allowed with development', () => {
  start({ secret: undefined as never, origins: '*', development: true });
  start({ secret: 'message-flow development secret, never for production', development: true });
});

test('an option given as undefined keeps its default', () => {
  const server = createServer();
  const gateway = serveGateway(server, { broker, secret: SECRET, heartbeatMs: undefined as never });
  void gateway.close();
  expect(() => start({ maxConnections: undefined as never, pingIntervalMs: Number.POSITIVE_INFINITY })).not.toThrow();
});
