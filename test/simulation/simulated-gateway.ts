import { BrokerError } from 'message-flow/broker';
import { type Clock, encodeEntryFrame, type LogName, TOKEN_AUDIENCE } from 'message-flow/protocol';
import { createPositionsOf } from '../../src/gateway/authentication.ts';
import { type Connection, type ConnectionContext, createConnection } from '../../src/gateway/connection.ts';
import type { ResolvedOptions } from '../../src/gateway/options.ts';
import { createRelay, type Relay } from '../../src/gateway/relay.ts';
import type { Frame } from '../../src/gateway/ring.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import { createVoices } from '../../src/gateway/voice.ts';
import { createSimulatedBroker, type SimulatedBroker } from './simulated-broker.ts';
import { watchRelay } from './watched-relay.ts';
import type { World } from './world.ts';

/** Frames as they cross the simulated network: texts. */
export interface TextFrame extends Frame {
  readonly texts: readonly string[];
}

/** A gateway process: the real relay and connections, on a simulated broker and simulated sockets. */
export interface SimulatedGateway {
  readonly name: string;
  readonly broker: SimulatedBroker;
  readonly isAlive: boolean;
  /** New connections are taken. */
  readonly isOpen: boolean;
  accept(socket: Socket<TextFrame>): Connection;
  /** Tells who has a socket to it that it is gone. */
  onKill(listener: () => void): void;
  /** Ends at once; what its sockets show of that is the network's affair. */
  kill(): void;
  /** Tells its connections to leave; ends after the window. */
  drain(withinMs: number): void;
}

const SWEEP_INTERVAL_MS = 1_000;

/** Creates a gateway process. */
export function createSimulatedGateway(world: World, name: string): SimulatedGateway {
  const { plan, timeline, count, fail } = world;
  const broker = createSimulatedBroker(world, name);
  const connections = new Set<Connection>();
  let isAlive = true;
  let isOpen = true;
  let lastId = 0;
  const killListeners: (() => void)[] = [];

  const onFault = ({ error }: { readonly error: unknown }) => {
    if (!(error instanceof BrokerError)) fail(error);
  };
  const relay: Relay<TextFrame> = watchRelay(
    createRelay<TextFrame>({
      ...plan.gateway,
      broker,
      codec: (log: LogName) => ({
        encode: ({ event, data, at }) => frameOf([encodeEntryFrame(log, event, data, at)]),
        join: joinFrames,
      }),
      clock: timeline,
      defer: (callback) => timeline.at(timeline.now(), callback),
      onFault,
    }),
    world,
  );
  /** A clock whose timers promises wait for. */
  const waiting: Clock = {
    now: timeline.now,
    after: (ms, callback) =>
      timeline.after(ms, () => {
        callback();
        timeline.markSettled();
      }),
  };
  const context: ConnectionContext<TextFrame> = {
    options: {
      clock: timeline,
      wallClock: timeline.now,
      heartbeatMs: plan.gateway.heartbeatMs,
      pingIntervalMs: 25_000,
      silenceTimeoutMs: 35_000,
      stallTimeoutMs: 30_000,
      authTimeoutMs: 10_000,
      expiryNoticeMs: 60_000,
      expiryGraceMs: 30_000,
      onEvent: (event) => {
        if (event.type === 'connection-closed') count(`gateway closed: ${event.code}`);
        if (event.type === 'fault') onFault(event);
      },
    } as Partial<ResolvedOptions> as ResolvedOptions,
    relay,
    voices: createVoices({ encode: (text) => frameOf([text]), join: joinFrames }, []),
    traffic: {
      ...{
        countOpen() {},
        countClose() {},
        countRefusal() {},
        countEntries() {},
        countGap() {},
        countFault() {},
        countPublished() {},
      },
      render: async () => ({ text: '', contentType: '' }),
    },
    verify: async (token) => {
      const [sub = '', exp] = token.split('~');
      if (Number(exp) <= timeline.now()) return { refusal: 'expired' };
      return { claims: { aud: TOKEN_AUDIENCE, sub, jti: 'j', iat: 0, exp: Number(exp) / 1_000, logs: [...plan.logs] } };
    },
    revocations: { add: () => false, covers: () => false },
    revocationsKnown: Promise.resolve(),
    positionsOf: createPositionsOf(broker, waiting, onFault),
    admit: () => true,
    release: (connection) => void connections.delete(connection),
  };

  function sweep(): void {
    if (!isAlive) return;
    for (const connection of connections) connection.sweep(timeline.now(), 0);
    timeline.at(timeline.now() + SWEEP_INTERVAL_MS, sweep);
  }
  timeline.at(timeline.now() + SWEEP_INTERVAL_MS, sweep);

  function kill(): void {
    if (!isAlive) return;
    isAlive = isOpen = false;
    world.trace?.(`${name} is killed`);
    relay.close();
    void broker.close();
    for (const listener of killListeners) listener();
  }

  return {
    name,
    broker,
    get isAlive() {
      return isAlive;
    },
    get isOpen() {
      return isOpen;
    },
    accept(socket) {
      const connection = createConnection<TextFrame>(++lastId, socket, context);
      connections.add(connection);
      return connection;
    },
    onKill: (listener) => void killListeners.push(listener),
    kill,
    drain(withinMs) {
      isOpen = false;
      for (const connection of connections) connection.drain(withinMs);
      timeline.at(timeline.now() + withinMs, () => {
        for (const connection of [...connections]) connection.close(1001, 'draining');
        timeline.at(timeline.now() + 500, kill);
      });
    },
  };
}

function frameOf(texts: readonly string[]): TextFrame {
  let byteLength = 0;
  for (const text of texts) byteLength += text.length;
  return { texts, byteLength };
}

function joinFrames(frames: readonly TextFrame[]): TextFrame {
  return frameOf(frames.flatMap(({ texts }) => texts));
}
