import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { ServerPlace } from '../server-place.ts';
import type { Nats } from './load-nats.ts';
import type { NatsAddress, NatsCredentials } from './nats-address.ts';

const DIAL_TIMEOUT_MS = 3_000;
const ASKS_FOR_TLS = /"tls_(?:required|available)":\s*true/;
/** The driver's own pings are left out: it waits for a stalled socket to take them, and the tail check asks anyway. */
const NEVER_MS = 2_147_483_647;

/**
 * Connects to the first server that answers.
 * @throws {BrokerError} `unavailable` with what each server said
 */
export async function dial(nats: Nats, address: NatsAddress, clock: Clock): Promise<NatsConnection> {
  const faults: string[] = [];
  for (const server of address.servers) {
    try {
      await awaitGreeting(server, clock);
      return await open(nats, address, server);
    } catch (error) {
      faults.push(`${formatServer(server)}: ${formatFault(nats, error)}`);
    }
  }
  throw new BrokerError('unavailable', `Cannot connect to NATS: ${faults.join('; ')}`);
}

/**
 * Waits until a server says its first word, and answers to TLS if that word asks for it. Asked by a socket of our own, as the
 * driver leaves its socket open when it gives up waiting: a server that stands still would cost one at each attempt.
 */
async function awaitGreeting({ host, port }: ServerPlace, clock: Clock): Promise<void> {
  let socket: Socket | undefined;
  try {
    await awaitWithin(clock, DIAL_TIMEOUT_MS, () => {
      return new Promise<void>((resolve, reject) => {
        const opened = connect({ host, port });
        socket = opened;
        opened.once('error', reject).once('close', () => reject(new Error('it closed the connection')));
        opened.once('data', (greeting) => {
          if (!ASKS_FOR_TLS.test(greeting.toString())) return resolve();
          // Whether we trust it the driver will find out.
          connectTls({ socket: opened }, resolve).once('error', () => resolve());
        });
      });
    });
  } finally {
    socket?.destroy();
  }
}

async function open(nats: Nats, address: NatsAddress, { host, port }: ServerPlace): Promise<NatsConnection> {
  const { credentials, tls, prefix } = address;
  const { ca: caFile, cert: certFile, key: keyFile } = tls ?? {};
  return await nats.connect({
    servers: [host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`],
    name: prefix,
    inboxPrefix: inboxPrefixOf(address),
    ...(tls && { tls: { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) } }),
    ...(credentials.type !== 'none' && { authenticator: await createAuthenticator(nats, credentials) }),
    // One way to connect again, for whatever ended: by dialling. The driver's would keep what is sent meanwhile, without a bound.
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: DIAL_TIMEOUT_MS,
    pingInterval: NEVER_MS,
    noAsyncTraces: true,
  });
}

/** Where answers come to: an own place, so that an account may hear these and no others. */
export function inboxPrefixOf({ prefix }: Pick<NatsAddress, 'prefix'>): string {
  return `${prefix}.inbox`;
}

async function createAuthenticator(
  nats: Nats,
  credentials: Exclude<NatsCredentials, { type: 'none' }>,
): Promise<Authenticator> {
  switch (credentials.type) {
    case 'token':
      return nats.tokenAuthenticator(credentials.token);
    case 'password':
      return nats.usernamePasswordAuthenticator(credentials.user, credentials.password);
    case 'nkey':
      return nats.nkeyAuthenticator(new TextEncoder().encode((await readFile(credentials.file, 'utf8')).trim()));
  }
}

function formatServer({ host, port }: ServerPlace): string {
  return `${host}:${port}`;
}

/** What went wrong, in few words that hold no secret. */
function formatFault(nats: Nats, error: unknown): string {
  if (error instanceof nats.AuthorizationError) return 'it refuses these credentials';
  if (error instanceof nats.TimeoutError) return `nothing within ${DIAL_TIMEOUT_MS} ms`;
  if (!(error instanceof Error)) return 'it is not reached';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.message.slice(0, 200);
}
