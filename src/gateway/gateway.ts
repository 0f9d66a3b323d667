import { randomUUID } from 'node:crypto';
import { awaitWithin, CLOSE_CODES, type Clock, encodeEntryFrame, type LogName, type Stop } from '../protocol/index.ts';
import { createPositionsOf } from './authentication.ts';
import { createCanary, type DialCanary, type GatewayHealth } from './canary.ts';
import { type Connection, type ConnectionContext, createConnection } from './connection.ts';
import { followControl } from './control.ts';
import { type GatewayOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { createRelay } from './relay.ts';
import { createRevocations } from './revocations.ts';
import type { Frame, FrameCodec } from './ring.ts';
import { createRoutes, type GatewayHandler } from './routes.ts';
import { isSameSecret } from './same-secret.ts';
import type { FrameMaker, Socket } from './socket.ts';
import { createTokenVerifier } from './token.ts';
import { createTraffic } from './traffic.ts';
import { createVoices } from './voice.ts';

/** Holds sockets: authenticates, follows logs for them, replays, fans out, drains. */
export interface Gateway {
  /** Answers `/publish`, `/tops`, `/health`, `/ready` and `/metrics` below its `basePath`. */
  readonly handler: GatewayHandler;
  /** Open connections. */
  readonly connectionCount: number;
  /** Sends an entry round the real ring and out of a real socket, and says how each part did. */
  health(): Promise<GatewayHealth>;
  /** True when the broker answers, revocations are known, and it is not draining. */
  isReady(): Promise<boolean>;
  /** Takes no more connections, tells all to leave within the window, and resolves when they left or it is over (1001). */
  drain(): Promise<void>;
  /** Ends all connections at once (1001) and stops. The broker is its owner's to close. */
  close(): Promise<void>;
}

/** What a socket is to a gateway: a client's, or the one of its own health check. */
export type Role = 'client' | 'canary';

/** A gateway as its host sees it. */
export interface HostedGateway<F extends Frame> extends Gateway {
  readonly options: ResolvedOptions;
  /** What a socket is, by the pass that it showed, if it showed one. */
  roleOf(pass: unknown): Role;
  /** Why no more connections are taken now, if so. The canary takes no place: a gateway that is only full is healthy. */
  findRefusal(role: Role): 'draining' | 'overloaded' | undefined;
  /** Takes over an open socket; a client's unless told otherwise. */
  connect(socket: Socket<F>, role?: Role): Connection;
}

/** What a runtime gives. */
export interface Host<F extends Frame> {
  readonly clock: Clock;
  readonly frames: FrameMaker<F>;
  /** Calls back when this turn of the event loop is over. */
  readonly defer: (callback: () => void) => void;
  readonly dialCanary: DialCanary | undefined;
  /** True when only this machine reaches the server. */
  isLocal(): boolean;
}

const SWEEP_INTERVAL_MS = 1_000;
/** A sweep later than this means that the process itself stood still: no peer is to blame for the silence. */
const STALL_MS = 2_000;
const READY_TIMEOUT_MS = 2_000;
const READ_LIMIT = 256;
const MAX_READS = 32;
const MAX_LOG_RING_ENTRIES = 1_024;
const MAX_LOG_RING_BYTES = 4 * 1_048_576;

/** Creates a gateway on a host. It follows the control log at once. */
export function createGateway<F extends Frame>(given: GatewayOptions, host: Host<F>): HostedGateway<F> {
  const options = resolveOptions(given, given.clock ?? host.clock, given.name ?? createName());
  const { broker, clock, wallClock, onEvent } = options;
  const connections = new Set<Connection>();
  /** Those of them that take no place. */
  const canaries = new Set<Connection>();
  const canaryPass = randomUUID();
  const byUser = new Map<string, Set<Connection>>();
  let nextId = 1;
  let isDraining = false;
  let onEmpty: () => void = () => {};

  const relay = createRelay<F>({
    broker,
    clock,
    defer: host.defer,
    codec: codecOf,
    readLimit: READ_LIMIT,
    lingerMs: options.lingerMs,
    maxRingEntries: MAX_LOG_RING_ENTRIES,
    maxRingBytes: MAX_LOG_RING_BYTES,
    maxMemoryBytes: options.maxRingBytes,
    maxReads: MAX_READS,
    onFault: reportFault,
  });
  const traffic = createTraffic({
    connections: () => connections.size,
    logs: () => relay.stats().logs,
    subscriptions: () => relay.stats().subscriptions,
    ringBytes: () => relay.stats().bytes,
    waitingReads: () => relay.stats().waitingReads,
  });
  const revocations = createRevocations(wallClock);
  const control = followControl(relay, revocations, endRevoked);
  const canary = createCanary({
    name: options.name,
    broker,
    relay,
    clock,
    wallClock,
    secret: options.secrets[0] as string,
    pass: canaryPass,
    timeoutMs: options.healthTimeoutMs,
    dial: host.dialCanary,
  });
  const context: ConnectionContext<F> = {
    options,
    relay,
    traffic,
    revocations,
    voices: createVoices(host.frames, options.dialects),
    verify: createTokenVerifier(options.secrets, broker.epoch, options, wallClock),
    revocationsKnown: control.known,
    positionsOf: createPositionsOf(broker, clock, reportFault),
    admit,
    release,
  };
  let sweptAt = clock.now();
  let stopSweep: Stop = clock.after(SWEEP_INTERVAL_MS, sweep);

  function codecOf(log: LogName): FrameCodec<F> {
    return {
      encode: ({ event, data, at }) => host.frames.encode(encodeEntryFrame(log, event, data, at)),
      join: host.frames.join,
    };
  }

  function reportFault(fault: { readonly during: string; readonly log?: LogName; readonly error: unknown }): void {
    traffic.countFault(fault.during);
    onEvent({ type: 'fault', ...fault });
  }

  function sweep(): void {
    const now = clock.now();
    const lateMs = now - sweptAt - SWEEP_INTERVAL_MS;
    sweptAt = now;
    for (const connection of connections) connection.sweep(now, lateMs > STALL_MS ? lateMs : 0);
    stopSweep = clock.after(SWEEP_INTERVAL_MS, sweep);
  }

  function endRevoked(): void {
    let ended = 0;
    for (const connection of [...connections]) if (connection.endIfRevoked()) ended++;
    onEvent({ type: 'revoked', connections: ended });
  }

  function admit(user: string, connection: Connection): boolean {
    const own = byUser.get(user) ?? new Set();
    if (own.size >= options.maxConnectionsPerUser) return false;
    byUser.set(user, own.add(connection));
    return true;
  }

  function release(connection: Connection): void {
    connections.delete(connection);
    canaries.delete(connection);
    const own = connection.user === undefined ? undefined : byUser.get(connection.user);
    own?.delete(connection);
    if (own?.size === 0) byUser.delete(connection.user as string);
    if (connections.size === 0) onEmpty();
  }

  async function isReady(): Promise<boolean> {
    if (isDraining || !control.isKnown) return false;
    const health = awaitWithin(clock, READY_TIMEOUT_MS, () => broker.health());
    return await health.then(({ ok }) => ok).catch(() => false); // a broker that can't say is away
  }

  return {
    options,
    handler: createRoutes({
      broker,
      options,
      traffic,
      clock,
      isReady,
      isLocal: host.isLocal,
      health: () => canary.check(),
    }),
    get connectionCount() {
      return connections.size;
    },
    health: () => canary.check(),
    isReady,
    roleOf: (pass) => (typeof pass === 'string' && isSameSecret(pass, canaryPass) ? 'canary' : 'client'),
    findRefusal(role) {
      if (isDraining) return 'draining';
      const isFull = connections.size - canaries.size >= options.maxConnections;
      return isFull && role === 'client' ? 'overloaded' : undefined;
    },
    connect(socket, role = 'client') {
      const connection = createConnection(nextId++, socket, context);
      connections.add(connection);
      if (role === 'canary') canaries.add(connection);
      return connection;
    },
    async drain() {
      if (isDraining) return;
      isDraining = true;
      canary.leave();
      onEvent({ type: 'draining', connections: connections.size, withinMs: options.drainWindowMs });
      for (const connection of connections) connection.drain(options.drainWindowMs);
      let stop: Stop = () => {};
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
        stop = clock.after(options.drainWindowMs, resolve);
        if (connections.size === 0) resolve();
      });
      stop();
      for (const connection of [...connections]) connection.close(CLOSE_CODES.goingAway, 'the gateway leaves');
    },
    async close() {
      isDraining = true;
      stopSweep();
      canary.close();
      for (const connection of [...connections]) connection.close(CLOSE_CODES.goingAway, 'the gateway leaves');
      relay.close();
    },
  };
}

function createName(): string {
  return Math.random().toString(36).slice(2, 12);
}
