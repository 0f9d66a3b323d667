import type { Broker } from '../broker/index.ts';
import { loadZeromq, type Zeromq } from '../broker/zeromq/index.ts';
import { type Clock, createReport, type DialectName, getDialect } from '../protocol/index.ts';
import { createAppendQueue } from './append-queue.ts';
import { type BusFault, readBusMessage } from './bus-message.ts';
import { createTally } from './tally.ts';

/** Why a message of an old bus did not come into a log. */
type InletLoss =
  | BusFault
  /** The broker was away until there was no more room to wait. */
  | 'no-room'
  /** The broker will not take it. */
  | 'refused'
  /** The inlet was closed while the broker was away; it may yet be stored. */
  | 'closed';

/** What an inlet reports. Holds no data. */
export type InletEvent =
  /** So many messages were lost since it last told of this reason: at once, then every 10 s at most. */
  | { readonly type: 'messages-lost'; readonly reason: InletLoss; readonly count: number }
  /** The broker does not take what is appended: messages wait. */
  | { readonly type: 'broker-away'; readonly error: unknown }
  | { readonly type: 'broker-back' }
  /** A socket ended by itself: nothing comes in there any more. */
  | { readonly type: 'fault'; readonly during: 'xsub' | 'pull'; readonly error: unknown };

/** How an inlet is made. */
export interface InletOptions {
  /** Where the logs are; any. */
  readonly broker: Broker;
  /** Where publishers of 2016 connect their PUB, such as `ipc:///tmp/message_flow_in`. */
  readonly xsub?: string | undefined;
  /** Where publishers since 2017 connect their PUSH, such as `tcp://127.0.0.1:64002`. */
  readonly pull?: string | undefined;
  /** What they may speak; all else is refused. */
  readonly dialects: readonly DialectName[];
  readonly clock: Clock;
  /** Room for what waits while the broker is away, in bytes; what finds none is lost, and told. @default 16_777_216, 16 MiB */
  readonly maxQueueBytes?: number;
  /** How long `close` waits for the broker, in milliseconds. @default 2_000 */
  readonly closeTimeoutMs?: number;
  /** Told of what happens; what it throws is let go. @default nobody */
  readonly onEvent?: (event: InletEvent) => void;
}

/** What passed through an inlet. */
interface InletStats {
  readonly received: number;
  readonly appended: number;
  readonly lost: Readonly<Partial<Record<InletLoss, number>>>;
  /** What waits now. */
  readonly waiting: { readonly messages: number; readonly bytes: number };
}

/** Where publishers of older peers send to, as ever; what they send is appended to a broker's logs, in order, once. */
export interface Inlet {
  /** Where it listens; a free port, where one was asked for, is in it. */
  readonly xsub: string | undefined;
  readonly pull: string | undefined;
  stats(): InletStats;
  /** Takes no more, and resolves when what came is appended or `closeTimeoutMs` is over. */
  close(): Promise<void>;
}

type BusSocket = InstanceType<Zeromq['XSubscriber'] | Zeromq['Pull']>;

const DEFAULT_QUEUE_BYTES = 16 * 1_048_576;
const DEFAULT_CLOSE_TIMEOUT_MS = 2_000;
const TELL_INTERVAL_MS = 10_000;
/** A larger one ends its sender's connection; what is too large for an entry, but not absurd, costs itself alone. */
const MAX_MESSAGE_BYTES = 64 * 1_048_576;
/** So many are read in one turn of the event loop: a burst must not hold up what else lives in the process. */
const TURN_MESSAGES = 256;
/** ZeroMQ's way to ask a publisher for all that it has; a PUB that is asked for nothing sends nothing. ZMTP 3.0, SUBSCRIBE. */
const SUBSCRIBE_ALL = Buffer.from([1]);
const LOOPBACK = /^(?:ipc:\/\/.|inproc:\/\/.|tcp:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):)/;

/**
 * Opens an inlet on one or both of its sockets.
 * @throws {RangeError} when there is no socket or dialect, or other machines could reach one: an old bus asks for no password
 * @throws {Error} when it can't listen there; it names the endpoint
 */
export async function createInlet(options: InletOptions): Promise<Inlet> {
  const { broker, clock } = options;
  const report = createReport(options.onEvent ?? (() => {}));
  const { maxQueueBytes = DEFAULT_QUEUE_BYTES, closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = options;
  checkEndpoints(options);
  const dialects = options.dialects.map(getDialect);
  const zeromq = loadZeromq();
  const sockets: BusSocket[] = [];
  const counts = { received: 0, appended: 0 };
  const losses = createTally<InletLoss>(clock, TELL_INTERVAL_MS, (reason, count) =>
    report({ type: 'messages-lost', reason, count }),
  );
  const queue = createAppendQueue({
    broker,
    clock,
    maxBytes: maxQueueBytes,
    onAppended: () => counts.appended++,
    onRefused: () => losses.count('refused'),
    onAway: (error) => report({ type: 'broker-away', error }),
    onBack: () => report({ type: 'broker-back' }),
  });

  function take(parts: readonly Uint8Array[]): void {
    counts.received++;
    const message = readBusMessage(parts, dialects);
    if (typeof message === 'string') losses.count(message);
    else if (!queue.add(message)) losses.count('no-room');
  }

  async function receive(socket: BusSocket): Promise<void> {
    for await (const parts of socket) {
      take(parts);
      if (counts.received % TURN_MESSAGES === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function listen(during: 'xsub' | 'pull', endpoint: string): Promise<string> {
    const socketOptions = { linger: 0, maxMessageSize: MAX_MESSAGE_BYTES };
    const socket = during === 'xsub' ? new zeromq.XSubscriber(socketOptions) : new zeromq.Pull(socketOptions);
    sockets.push(socket);
    try {
      await socket.bind(endpoint);
    } catch (cause) {
      throw new Error(`Cannot listen on ${endpoint}: ${(cause as Error).message}`, { cause });
    }
    if (socket instanceof zeromq.XSubscriber) await socket.send(SUBSCRIBE_ALL);
    receive(socket).catch((error) => {
      // A socket that is closed while it reads ends its reading with one error or another.
      if (!socket.closed) report({ type: 'fault', during, error });
    });
    return socket.lastEndpoint ?? endpoint;
  }

  function closeSockets(): void {
    for (const socket of sockets) socket.close();
  }

  try {
    const xsub = options.xsub === undefined ? undefined : await listen('xsub', options.xsub);
    const pull = options.pull === undefined ? undefined : await listen('pull', options.pull);
    return {
      xsub,
      pull,
      stats: () => ({ ...counts, lost: { ...losses.totals }, waiting: { ...queue.size } }),
      async close() {
        closeSockets();
        await queue.close(closeTimeoutMs);
        for (let i = 0; i < queue.size.messages; i++) losses.count('closed');
        losses.close();
      },
    };
  } catch (error) {
    closeSockets();
    throw error;
  }
}

function checkEndpoints({ xsub, pull, dialects }: InletOptions): void {
  if (xsub === undefined && pull === undefined) {
    throw new RangeError('Cannot open the inlet: neither xsub nor pull says where. Name the endpoint of one of them');
  }
  if (dialects.length === 0) {
    throw new RangeError(
      'Cannot open the inlet: dialects is empty, so that nothing would be taken. List what is spoken',
    );
  }
  for (const endpoint of [xsub, pull]) {
    if (endpoint === undefined || LOOPBACK.test(endpoint)) continue;
    throw new RangeError(
      `Cannot open the inlet: "${endpoint}" is reached from other machines, and who reaches it can send anything to anyone. Set it to ipc://… or to a port of 127.0.0.1`,
    );
  }
}
