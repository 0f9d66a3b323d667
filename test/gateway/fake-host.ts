import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { onTestFinished } from 'vitest';
import { createGateway, type HostedGateway } from '../../src/gateway/gateway.ts';
import type { Connection, FrameMaker, GatewayEvent, GatewayOptions, Socket } from '../../src/gateway/index.ts';
import { until } from '../support/until.ts';
import { createFakeTime, type FakeTime } from './fake-time.ts';
import { type Claims, SECRET, signToken } from './test-gateway.ts';

/** A frame that can be read again. */
export interface TextFrame {
  readonly byteLength: number;
  readonly texts: readonly string[];
}

/** Makes frames of texts, and counts how many it made. */
export interface CountingFrames extends FrameMaker<TextFrame> {
  encoded: number;
}

/** A socket that a test opens and shuts. */
export interface FakeSocket extends Socket<TextFrame> {
  isFull: boolean;
  readonly texts: string[];
  /** How many texts each write had. */
  readonly writes: number[];
  pings: number;
  closeCode: number | undefined;
  isTerminated: boolean;
}

/** A gateway without a network: time, sockets and frames are the test's. */
export interface FakeHost {
  readonly gateway: HostedGateway<TextFrame>;
  readonly broker: Broker;
  readonly time: FakeTime;
  readonly frames: CountingFrames;
  readonly events: GatewayEvent[];
  open(): { readonly socket: FakeSocket; readonly connection: Connection };
  /** Opens, authenticates as a user, and waits for AUTH OK. */
  connect(
    user: string,
    logs?: Record<string, string>,
    claims?: Claims,
  ): Promise<{ readonly socket: FakeSocket; readonly connection: Connection }>;
  /** A token that is good now, in this host's time. */
  sign(claims?: Claims): Promise<string>;
}

export function createCountingFrames(): CountingFrames {
  const frames: CountingFrames = {
    encoded: 0,
    encode(text) {
      frames.encoded++;
      return { byteLength: Buffer.byteLength(text), texts: [text] };
    },
    join: (parts) => ({
      byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
      texts: parts.flatMap(({ texts }) => texts),
    }),
  };
  return frames;
}

function createFakeSocket(): FakeSocket {
  const texts: string[] = [];
  const writes: number[] = [];
  return {
    isFull: false,
    texts,
    writes,
    pings: 0,
    closeCode: undefined,
    isTerminated: false,
    write(frames) {
      const written = frames.flatMap((frame) => frame.texts);
      for (const text of written) texts.push(text);
      writes.push(written.length);
    },
    ping() {
      this.pings++;
    },
    close(code) {
      this.closeCode = code;
    },
    terminate() {
      this.isTerminated = true;
    },
  };
}

/** Starts a gateway on a fake host; it ends with the test. */
export function startFakeHost(options: Partial<GatewayOptions> = {}): FakeHost {
  const time = createFakeTime();
  const broker = options.broker ?? createMemoryBroker({ wallClock: time.wallClock });
  const frames = createCountingFrames();
  const events: GatewayEvent[] = [];
  const gateway = createGateway<TextFrame>(
    {
      secret: SECRET,
      clock: time.clock,
      wallClock: time.wallClock,
      onEvent: (event) => events.push(event),
      ...options,
      broker,
    },
    { clock: time.clock, frames, defer: setImmediate, dialCanary: undefined, isLocal: () => true },
  );
  onTestFinished(async () => {
    await gateway.close();
    await broker.close();
  });
  const sign = (claims?: Claims) => signToken(claims, SECRET, time.wallClock());
  function open() {
    const socket = createFakeSocket();
    return { socket, connection: gateway.connect(socket) };
  }
  return {
    gateway,
    broker,
    time,
    frames,
    events,
    open,
    sign,
    async connect(user, logs = {}, claims = {}) {
      const opened = open();
      const token = await sign({ sub: user, ...claims });
      opened.connection.takeText(JSON.stringify({ id: 'AUTH', data: { token, logs } }));
      await until(() => opened.socket.texts.some((text) => text.startsWith('{"id":"AUTH OK"')), 'AUTH OK');
      return opened;
    },
  };
}
