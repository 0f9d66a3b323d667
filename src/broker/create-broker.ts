import type { Broker } from './broker.ts';
import type { BrokerOptions } from './broker-options.ts';
import { createMemoryBroker } from './memory.ts';
import { readNatsAddress } from './nats/nats-address.ts';
import { createNatsBroker } from './nats/nats-broker.ts';
import { readAmqpAddress } from './rabbitmq/amqp-address.ts';
import { createRabbitmqBroker } from './rabbitmq/rabbitmq-broker.ts';
import { REDIS_SCHEMES } from './redis/address.ts';
import { createRedisBroker } from './redis/redis-broker.ts';
import { showUrl } from './shown-url.ts';
import { readPlace } from './zeromq/place.ts';
import { createZeromqBroker } from './zeromq/zeromq-broker.ts';

/** Engines by the scheme of their URL. */
const ENGINES: Record<string, (url: URL, options: BrokerOptions) => Broker> = {
  'memory:': (_, options) => {
    if (!options.single && !options.development) {
      throw new RangeError(
        'Cannot use the broker "memory:": it can\'t be shared by processes. Set single: true if one process is all there is, or name another broker',
      );
    }
    return createMemoryBroker(options);
  },
  'amqp:': createOnRabbitmq,
  'amqps:': createOnRabbitmq,
  'nats:': createOnNats,
  'tls:': createOnNats,
  ...Object.fromEntries(REDIS_SCHEMES.map((scheme) => [scheme, createRedisBroker])),
  'zeromq:': createAtProxy,
  'zeromq+ipc:': createAtProxy,
};

function createAtProxy(url: URL, options: BrokerOptions): Broker {
  const place = readPlace(url, options);
  if (options.messages ?? options.runs) {
    throw new RangeError(`Cannot set retention on "${place.address}": the proxy keeps the logs, so it is set there`);
  }
  return createZeromqBroker(place);
}

function createOnNats(url: URL, options: BrokerOptions): Broker {
  return createNatsBroker(readNatsAddress(url, options), options);
}

function createOnRabbitmq(url: URL, options: BrokerOptions): Broker {
  return createRabbitmqBroker(readAmqpAddress(url, options), options);
}

/**
 * Makes the broker that a URL names: `memory:`, the message proxy at `zeromq+ipc:///folder` or `zeromq://host:port`, Redis at
 * `redis://…`, NATS JetStream at `nats://…`, or RabbitMQ at `amqp://…`. It connects by itself, now and later.
 * @throws {RangeError} when the URL names no engine, or asks for what is unsafe
 * @throws {BrokerError} `refused` when what the engine needs is not installed, or does not run here
 */
export function createBroker(url: string, options: BrokerOptions = {}): Broker {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const create = parsed && Object.hasOwn(ENGINES, parsed.protocol) ? ENGINES[parsed.protocol] : undefined;
  if (!parsed || !create) {
    throw new RangeError(
      `Cannot use the broker "${showUrl(url)}": it must begin with one of ${Object.keys(ENGINES).join(', ')}`,
    );
  }
  return create(parsed, options);
}
