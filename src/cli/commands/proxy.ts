import type { Logger } from 'pino';
import { createMemoryBroker } from '../../broker/index.ts';
import { KEY_WINDOW_MS, type Place, readPlace } from '../../broker/zeromq/index.ts';
import type { Clock, Stop } from '../../protocol/index.ts';
import { type Inlet, type MessageProxy, openMessageProxy } from '../../proxy/index.ts';
import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { type CommandError, createFailure, createMistake } from '../command-error.ts';
import { hasInlet, openInlet } from '../inlet.ts';
import { explainSocket } from '../listener.ts';
import { openBroker } from '../open-broker.ts';
import { createProgramLog } from '../program-log.ts';
import { PROXY_OPTIONS, type ProxySettings, retentionOf } from '../proxy-options.ts';
import { findErrorCode, formatReason, formatSafe } from '../safe-text.ts';
import { clearSocketPath } from '../unix-socket.ts';
import { untilAborted } from '../until-aborted.ts';
import { readVersion } from '../version.ts';

const REPORT_INTERVAL_MS = 60_000;
const LOOK_INTERVAL_MS = 1_000;

/** Keeps the logs for the gateways and backends of one machine. */
export const proxyCommand: Command = createCommand({
  name: 'proxy',
  says: 'keeps the logs for several gateways and backends, over ZeroMQ',
  usages: [''],
  notes: [
    'Keeps the logs in its memory: its end is the end of its logs, and every follower is told. Logs JSON lines to stdout.',
    'Needs the package zeromq. zeromq+ipc:///folder makes two Unix sockets in the folder; who may write there may publish.',
    'zeromq://host:port takes the port and the next. Where others reach it: zeromq://:secret@host:port, set by FLOW_BROKER;',
    'it encrypts what passes and lets in only who has the secret, 32 bytes or more, such as openssl rand -hex 32 makes.',
    'Old publishers are served at --xsub and --pull, which this machine alone may reach, in what --dialect lists.',
  ],
  options: PROXY_OPTIONS,
  examples: [
    'message-flow proxy --broker zeromq+ipc:///run/message-flow',
    'message-flow gateway --broker zeromq+ipc:///run/message-flow --secret-file secret.txt',
  ],
  async run({ settings, positionals, io }) {
    takePositionals('proxy', positionals, []);
    const place = findPlace(settings);
    const log = createProgramLog(io.stdout, settings.logLevel);
    const broker = place
      ? createMemoryBroker({ ...retentionOf(settings), keyWindowMs: KEY_WINDOW_MS })
      : openBroker({ broker: settings.broker as string, single: false, development: settings.development });
    let proxy: MessageProxy | undefined;
    let inlet: Inlet | undefined;
    let stopReport: Stop = () => {};
    let stopWatch: Stop = () => {};
    try {
      if (place) proxy = await listen(place, () => openMessageProxy({ place, broker, clock: io.clock }));
      if (hasInlet(settings)) inlet = await openInlet(settings, broker, log, io.clock);
      const { xsub, pull } = inlet ?? {};
      // Written whatever the level is, as a gateway's is.
      log
        .child({}, { level: 'info' })
        .info({ address: place?.address, xsub, pull, version: readVersion() }, 'listening');
      if (proxy) stopReport = reportMalformed(proxy, log, io.clock);
      const watch = proxy && watchFiles(proxy, io.clock);
      if (watch) stopWatch = watch.stop;
      const file = await Promise.race([untilAborted(io.signal), ...(watch ? [watch.lost] : [])]);
      if (file !== undefined) {
        throw createFailure(`Cannot go on: ${formatSafe(file, 160)} was removed, or another process took its place`);
      }
    } finally {
      stopReport();
      stopWatch();
      await inlet?.close();
      proxy?.close();
      await broker.close();
    }
    log.info({ ...proxy?.stats(), ...(inlet && { inlet: inlet.stats() }) }, 'ended');
    return 0;
  },
});

/** Where it keeps logs; undefined: another broker does, and only old publishers are served here. */
function findPlace(settings: ProxySettings): Place | undefined {
  const { broker, development } = settings;
  const wanted = 'name the place by --broker, such as zeromq+ipc:///run/message-flow or zeromq://127.0.0.1:5570';
  if (broker === undefined) throw createMistake(`There is no place to listen: ${wanted}`);
  const url = URL.canParse(broker) ? new URL(broker) : undefined;
  if (!url || !/^zeromq(?:\+ipc)?:$/.test(url.protocol)) {
    if (hasInlet(settings)) return undefined;
    throw createMistake(`Cannot keep logs at another broker: ${wanted}`);
  }
  try {
    return readPlace(url, { development });
  } catch (error) {
    throw createMistake(formatReason(error));
  }
}

async function listen(place: Place, open: () => Promise<MessageProxy>): Promise<MessageProxy> {
  for (const file of place.files) await clearSocketPath(file);
  try {
    return await open();
  } catch (error) {
    throw explain(place, error);
  }
}

function explain({ address, files: [file] }: Place, error: unknown): CommandError {
  const action = `Cannot listen on ${address}`;
  const code = findErrorCode(error);
  if (code === 'refused') return createFailure(formatReason(error), error); // the package is not there
  if (file !== undefined) return explainSocket(file, error);
  if (code === 'EADDRINUSE') {
    return createFailure(`${action}: another process has this port or the next; choose another in --broker`);
  }
  if (code === 'EACCES') return createFailure(`${action}: this user has no right to; choose a port of 1024 or more`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENODEV') {
    return createFailure(
      `${action}: this machine has no such address; name one of its own in --broker by number, 0.0.0.0 for all`,
    );
  }
  return createFailure(`${action}: ${formatReason(error)}`);
}

/** Looks for a socket's file that is lost: to go on would be to keep logs that no new gateway finds. */
function watchFiles(proxy: MessageProxy, clock: Clock): { readonly lost: Promise<string>; readonly stop: Stop } {
  let stop: Stop = () => {};
  const lost = new Promise<string>((resolve) => {
    function look(): void {
      const file = proxy.findLostFile();
      if (file !== undefined) resolve(file);
      else stop = clock.after(LOOK_INTERVAL_MS, look);
    }
    look();
  });
  return { lost, stop: () => stop() };
}

/** One line a minute at most, however much comes that is no request. */
function reportMalformed(proxy: MessageProxy, log: Logger, clock: Clock): Stop {
  let told = 0;
  let stop: Stop = clock.after(REPORT_INTERVAL_MS, report);
  function report(): void {
    const { malformed } = proxy.stats();
    if (malformed > told) log.warn({ malformed }, 'malformed-requests');
    told = malformed;
    stop = clock.after(REPORT_INTERVAL_MS, report);
  }
  return () => stop();
}
