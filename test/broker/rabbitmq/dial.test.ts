import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readAmqpAddress } from '../../../src/broker/rabbitmq/amqp-address.ts';
import { dial } from '../../../src/broker/rabbitmq/dial.ts';
import { loadAmqplib } from '../../../src/broker/rabbitmq/load-amqplib.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

// RabbitMQ's answers look the same without it, but 22 ms later: no other test would find out.
test('a message does not wait for the network to acknowledge the one before it', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
  onTestFinished(() => {
    setNoDelay.mockRestore();
    server.close();
  });
  const address = readAmqpAddress(new URL(`amqp://127.0.0.1:${(server.address() as AddressInfo).port}`), {});
  await expect(dial(loadAmqplib(), address, { clock: createFakeClock(), heartbeatS: 5 })).rejects.toMatchObject({
    code: 'unavailable',
  });
  expect(setNoDelay.mock.calls).toEqual([[true], [true]]); // of both connections
});
