import type { Broker } from './broker.ts';
import { createMemoryBroker } from './memory.ts';
import { readNatsAddress } from './nats/nats-address.ts';
import { createNatsBroker } from './nats/nats-broker.ts';
import type { RetentionOptions } from './retention.ts';

/** How a broker is made from a URL. */
export interface BrokerOptions extends RetentionOptions {
  /** States that one process is all there is: `memory:` can't be shared, so it is refused without. @default false */
  readonly single?: boolean;
  /** Allows what is safe on a developer's machine only: `memory:` unasked, no credentials. @default false */
  readonly development?: boolean;
}

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
  'nats:': createOnNats,
  'tls:': createOnNats,
};

function createOnNats(url: URL, options: BrokerOptions): Broker {
  return createNatsBroker(readNatsAddress(url, options), options);
}

/**
 * Makes the broker that a URL names: `memory:`, or NATS JetStream at `nats://user:password@host:4222` or `tls://…`, which
 * it connects to by itself, now and later.
 * @throws {RangeError} when the URL names no engine, or asks for what is unsafe
 * @throws {BrokerError} `refused` when what the engine needs is not installed
 */
export function createBroker(url: string, options: BrokerOptions = {}): Broker {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const create = parsed && Object.hasOwn(ENGINES, parsed.protocol) ? ENGINES[parsed.protocol] : undefined;
  if (!parsed || !create) {
    throw new RangeError(
      `Cannot use the broker "${withoutSecrets(url)}": it must begin with one of ${Object.keys(ENGINES).join(', ')}`,
    );
  }
  return create(parsed, options);
}

/** A broker's URL as it may be shown: neither credentials, which may hold any character, nor a query. */
function withoutSecrets(url: string): string {
  return url
    .replace(/^([a-z+]+:\/\/)?[\s\S]*@/i, '$1…@')
    .replace(/[?#][\s\S]*/, '')
    .slice(0, 80);
}
