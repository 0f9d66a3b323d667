import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { ChannelModel } from 'amqplib';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { ServerPlace } from '../server-place.ts';
import type { AmqpAddress } from './amqp-address.ts';
import type { Amqplib } from './load-amqplib.ts';

/**
 * Two connections to one server: who publishes too much for it is read no more, and would then neither acknowledge what it
 * reads.
 */
export interface Lines {
  /** For what is sent. */
  readonly talk: ChannelModel;
  /** For what is read. */
  readonly hear: ChannelModel;
  /** Resolves, with the reason, once one of them ended. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** What lines are opened with. */
export interface DialOptions {
  readonly clock: Clock;
  /** Silence after which a line is tried, in seconds; twice as long, and it is given up. */
  readonly heartbeatS: number;
}

const DIAL_TIMEOUT_MS = 3_000;
const FAREWELL_TIMEOUT_MS = 500;

/**
 * Connects to the first server that answers.
 * @throws {BrokerError} `unavailable` with what each server said
 */
export async function dial(amqplib: Amqplib, address: AmqpAddress, options: DialOptions): Promise<Lines> {
  const faults: string[] = [];
  for (const server of address.servers) {
    try {
      return await openLines(amqplib, address, server, options);
    } catch (error) {
      faults.push(`${server.host}:${server.port}: ${describeFault(error)}`);
    }
  }
  throw new BrokerError('unavailable', `Cannot connect to RabbitMQ: ${faults.join('; ')}`);
}

async function openLines(
  amqplib: Amqplib,
  address: AmqpAddress,
  server: ServerPlace,
  options: DialOptions,
): Promise<Lines> {
  const opened: ChannelModel[] = [];
  let tell: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    tell = resolve;
  });
  async function open(name: string): Promise<ChannelModel> {
    const line = await openLine(amqplib, address, server, { ...options, name });
    opened.push(line);
    line.on('error', (error) => tell(describeFault(error)));
    line.on('close', (error) => tell(error ? describeFault(error) : 'the connection ended'));
    return line;
  }
  const close = async () => void (await Promise.all(opened.map((line) => closeLine(line, options.clock))));
  const [talk, hear] = await Promise.allSettled([open('talk'), open('hear')]);
  if (talk.status === 'fulfilled' && hear.status === 'fulfilled') {
    return { talk: talk.value, hear: hear.value, ended, close };
  }
  await close();
  throw talk.status === 'rejected' ? talk.reason : (hear as PromiseRejectedResult).reason;
}

async function openLine(
  amqplib: Amqplib,
  { user, password, vhost, tls, prefix }: AmqpAddress,
  { host, port }: ServerPlace,
  { heartbeatS, name }: DialOptions & { readonly name: string },
): Promise<ChannelModel> {
  const files = Object.entries(tls ?? {}).map(async ([part, file]) => [part, await readFile(file)] as const);
  return await amqplib.connect(
    {
      ...{ protocol: tls ? 'amqps' : 'amqp', hostname: host, port, vhost: encodeURIComponent(vhost) },
      ...{ username: user, password, heartbeat: heartbeatS },
    },
    {
      noDelay: true, // or each message waits for the one before it to be acknowledged by the network: 22 ms
      timeout: DIAL_TIMEOUT_MS,
      clientProperties: { connection_name: `${prefix} ${name}` },
      ...Object.fromEntries(await Promise.all(files)),
    },
  );
}

/** Never rejects. A server that does not answer the farewell is left by ending its socket. */
async function closeLine(line: ChannelModel, clock: Clock): Promise<void> {
  try {
    await awaitWithin(clock, FAREWELL_TIMEOUT_MS, () => line.close());
  } catch {
    // With an error: only then the driver notices, and stops its timers.
    const { stream } = line.connection as unknown as { readonly stream: Duplex };
    stream.destroy(new Error('it was closed'));
  }
}

/** What went wrong, in few words that hold no secret: what the driver says are the server's words, or the socket's. */
export function describeFault(error: unknown): string {
  if (error instanceof BrokerError) return error.message;
  if (!(error instanceof Error)) return 'it is not reached';
  if (/^Handshake terminated by server: 403/.test(error.message)) return 'it refuses these credentials';
  // The driver drops what the server says of it.
  if (error.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')) {
    return 'it has no such vhost, or this account no right to it';
  }
  const { code, message } = error as NodeJS.ErrnoException;
  const [line = ''] = message.split(/[\r\n]/);
  return typeof code === 'string' ? code : line.slice(0, 200);
}
