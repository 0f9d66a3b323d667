import { createServer, type Server } from 'node:http';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { toNodeHandler } from '../../backend/index.ts';
import type { Broker } from '../../broker/index.ts';
import { type Gateway, serveGateway } from '../../gateway/host/node.ts';
import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { createMistake } from '../command-error.ts';
import { logGatewayEvent } from '../gateway-log.ts';
import { findGatewayFaults, GATEWAY_OPTIONS, type GatewaySettings } from '../gateway-options.ts';
import type { Io } from '../io.ts';
import { closeServer, listenAt, type Place } from '../listener.ts';
import { openBroker } from '../open-broker.ts';
import { createProgramLog } from '../program-log.ts';
import { formatReason, formatSafe } from '../safe-text.ts';
import { getSigningSecret } from '../subject.ts';
import { untilAborted } from '../until-aborted.ts';
import { readVersion } from '../version.ts';

/** Times that no honest request needs, in milliseconds: a slow one must not hold a connection. */
const HEADERS_TIMEOUT_MS = 8_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Node looks for late requests at this interval; its default of 30 s would make the timeouts above as long. */
const CHECK_INTERVAL_MS = 1_000;
const MAX_HEADERS = 64;
/** How often a broker that was not there at the start is looked for, in milliseconds. */
const BROKER_CHECK_MS = 1_000;

/** Runs a gateway alone, on an HTTP server of its own. */
export const gatewayCommand: Command = createCommand({
  name: 'gateway',
  says: 'runs a gateway on a server of its own',
  usages: [''],
  notes: [
    'Takes WebSockets at --path, and answers /publish, /tops, /health, /ready and /metrics. Logs JSON lines to stdout.',
    'At SIGTERM or Ctrl-C it asks its clients to leave, waits for them, and ends; at the second at once.',
  ],
  options: GATEWAY_OPTIONS,
  examples: [
    'message-flow gateway --development --port 0',
    'message-flow gateway --single --secret-file secret.txt --publish-key-file key.txt --origin https://example.com',
  ],
  async run({ settings, sources, positionals, io }) {
    takePositionals('gateway', positionals, []);
    const faults = findGatewayFaults(settings, sources);
    if (faults.length > 0) throw createMistake(faults);
    getSigningSecret(settings.secret, settings.development, ', or make one by openssl rand -base64 32');
    const log = createProgramLog(io.stdout, settings.logLevel);
    const broker = openBroker(settings);
    const server = createServer({
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    });
    server.maxHeadersCount = MAX_HEADERS;
    let gateway: Gateway | undefined;
    try {
      gateway = openGateway(server, broker, settings, log);
      const address = await listenAt(server, placeOf(settings, io));
      server.on('error', (error) => log.error({ reason: formatReason(error) }, 'server-error'));
      announce(address, settings, log);
      void warnOfBroker(broker, log, io);
      await untilAborted(io.signal);
      await gateway.drain();
    } finally {
      await gateway?.close();
      if (server.listening) await closeServer(server);
      await broker.close();
    }
    log.info('ended');
    return 0;
  },
});

function openGateway(server: Server, broker: Broker, settings: GatewaySettings, log: Logger): Gateway {
  const { secret, publishKey, origin, development } = settings;
  try {
    const gateway = serveGateway(server, {
      broker,
      path: settings.path,
      basePath: '/',
      development,
      secret,
      ...(publishKey !== undefined && { publishKey }),
      ...(origin.length > 0 && { origins: origin.includes('*') ? '*' : origin }),
      dialects: settings.dialect,
      unexpiringTokens: settings.unexpiringTokens,
      heartbeatMs: settings.heartbeat,
      pingIntervalMs: settings.pingInterval,
      silenceTimeoutMs: settings.silenceTimeout,
      drainWindowMs: settings.drainWindow,
      maxConnections: settings.maxConnections,
      onEvent: (event) => logGatewayEvent(log, event),
    });
    const handle = toNodeHandler(gateway.handler);
    server.on('request', (request, response) => void handle(request, response)); // answers 500 rather than reject
    return gateway;
  } catch (error) {
    if (error instanceof RangeError) throw createMistake(formatReason(error));
    throw error;
  }
}

/** Written whatever the level is: the port may be known from here alone. */
function announce(address: string, { path, broker, development, socket }: GatewaySettings, log: Logger): void {
  const webSockets = socket === undefined ? address.replace(/^http/, 'ws') + path : path;
  const facts = { address, webSockets, broker: formatSafe(broker), version: readVersion() };
  log.child({}, { level: 'info' }).info(facts, 'listening');
  if (development) log.warn("development: what is safe on a developer's machine only is allowed");
}

/** A gateway may be started before its broker: it waits, says so, and says when that is over. Never rejects, as `health` does not. */
async function warnOfBroker(broker: Broker, log: Logger, { clock, signal }: Io): Promise<void> {
  const { ok, reason } = await broker.health();
  if (ok) return;
  log.warn({ reason: formatSafe(reason ?? 'it does not work') }, 'waiting for the broker');
  while (!signal.aborted) {
    await new Promise<void>((resolve) => clock.after(BROKER_CHECK_MS, resolve));
    if (signal.aborted || !(await broker.health()).ok) continue;
    log.info('the broker is there');
    return;
  }
}

function placeOf({ socket, port, host }: GatewaySettings, { cwd }: Io): Place {
  return socket === undefined ? { type: 'tcp', port, host } : { type: 'socket', path: resolve(cwd, socket) };
}
