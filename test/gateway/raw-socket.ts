import { createHash, randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from '../support/until.ts';

/** A frame as RFC 6455, 5.2 lays it out, unmasked. */
interface RawFrame {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** What is wrong or odd about a frame that is sent. */
export interface FrameShape {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  readonly reserved?: number;
}

/** An upgrade as it is asked for; what is left out is as it should be. */
export interface Handshake {
  readonly method?: string;
  readonly path?: string;
  readonly httpVersion?: string;
  /** Merged over the right ones; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Bytes sent in the same packet, after the request. */
  readonly head?: Buffer;
}

/** A WebSocket client without a library: it sends and shows exact bytes. */
export interface RawSocket {
  /** Status of the answer to the handshake; 101 when it is open. */
  readonly status: number;
  /** The answer's head, as it came. */
  readonly head: string;
  /** What followed the head of a refusal. */
  readonly body: string;
  readonly frames: readonly RawFrame[];
  /** Payloads of the text frames. */
  readonly texts: readonly string[];
  /** Of the close frame, once one came. */
  readonly closeCode: number | undefined;
  /** True when the other side ended the transport. */
  readonly isEnded: boolean;
  readonly bytesRead: number;
  /** Whether pings are answered and a close is answered, as browsers do. */
  isPolite: boolean;
  send(text: string): void;
  sendFrame(payload: Buffer | string, shape?: FrameShape): void;
  write(bytes: Buffer): void;
  /** Stops reading from the transport: the kernel's buffers fill. */
  pause(): void;
  resume(): void;
  /** Reads until about this many bytes came, then pauses again. */
  readSome(bytes: number): Promise<void>;
  /** The first text from `from` on that fits, once it is there. */
  text(fits: (text: string) => boolean, what: string): Promise<string>;
  /** Resolves to the close code. */
  closed(): Promise<number>;
  ended(): Promise<void>;
  destroy(): void;
}

// RFC 6455, 1.3
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Lays out a frame as a client sends it. */
export function layFrame(payload: Buffer | string, shape: FrameShape = {}): Buffer {
  const { opcode = TEXT, isFinal = true, isMasked = true, reserved = 0 } = shape;
  const bytes = Buffer.from(payload as string);
  const size = bytes.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (size < 126 ? size : size < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  if (!isMasked) return Buffer.concat([head, bytes]);
  const mask = randomBytes(4);
  const masked = Buffer.from(bytes);
  for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] as number) ^ (mask[i % 4] as number);
  return Buffer.concat([head, mask, masked]);
}

/** Asks for an upgrade and resolves when it is answered. The socket is destroyed when the test is over. */
export async function openRaw(target: number | string, handshake: Handshake = {}): Promise<RawSocket> {
  const transport: Socket =
    typeof target === 'number'
      ? createConnection({ port: target, host: '127.0.0.1', allowHalfOpen: true })
      : createConnection({ path: target, allowHalfOpen: true });
  transport.setNoDelay(true);
  onTestFinished(() => void transport.destroy());
  const key = randomBytes(16).toString('base64');
  transport.write(Buffer.concat([Buffer.from(layRequest(handshake, key)), handshake.head ?? Buffer.alloc(0)]));
  const socket = readTransport(transport);
  await until(() => socket.head !== '' || socket.isEnded, 'an answer to the handshake');
  if (socket.status === 101) {
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    if (!socket.head.includes(accept))
      throw new Error(`Cannot open a socket: the answer proves nothing: ${socket.head}`);
  }
  return socket;
}

function layRequest(
  { method = 'GET', path = '/websocket', httpVersion = '1.1', headers }: Handshake,
  key: string,
): string {
  const all: Record<string, string | undefined> = {
    Host: 'gateway.test',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `${method} ${path} HTTP/${httpVersion}\r\n${lines.join('')}\r\n`;
}

function readTransport(transport: Socket): RawSocket {
  const frames: RawFrame[] = [];
  const texts: string[] = [];
  let buffered = Buffer.alloc(0);
  let [head, status, closeCode, isEnded, quota] = ['', 0, undefined as number | undefined, false, 0];

  transport.on('data', (bytes) => {
    buffered = buffered.length === 0 ? bytes : Buffer.concat([buffered, bytes]);
    if (head === '') takeHead();
    if (status === 101) takeFrames();
    if (quota <= 0) return;
    quota -= bytes.length;
    if (quota <= 0) transport.pause();
  });
  transport.on('end', () => {
    isEnded = true;
  });
  transport.on('close', () => {
    isEnded = true;
  });
  transport.on('error', () => {}); // the other side may cut it; `close` follows

  function takeHead(): void {
    const end = buffered.indexOf('\r\n\r\n');
    if (end < 0) return;
    head = buffered.toString('latin1', 0, end);
    status = Number(/^HTTP\/1\.\d (\d+)/.exec(head)?.[1]);
    buffered = buffered.subarray(end + 4);
  }

  function takeFrames(): void {
    for (let frame = takeFrame(); frame; frame = takeFrame()) {
      frames.push(frame);
      if (frame.opcode === TEXT) texts.push(frame.payload.toString());
      if (frame.opcode === PING && socket.isPolite) socket.sendFrame(frame.payload, { opcode: PONG });
      if (frame.opcode !== CLOSE) continue;
      closeCode = frame.payload.length > 1 ? frame.payload.readUInt16BE(0) : 1005;
      if (socket.isPolite) transport.end(layFrame(frame.payload, { opcode: CLOSE }));
    }
  }

  function takeFrame(): RawFrame | undefined {
    if (buffered.length < 2) return undefined;
    const [first, second] = [buffered[0] as number, buffered[1] as number];
    if (second & 0x80) throw new Error('Cannot read a frame: a server must not mask'); // RFC 6455, 5.1
    let [size, start] = [second & 0x7f, 2];
    if (size === 126) {
      if (buffered.length < 4) return undefined;
      [size, start] = [buffered.readUInt16BE(2), 4];
    } else if (size === 127) {
      if (buffered.length < 10) return undefined;
      [size, start] = [Number(buffered.readBigUInt64BE(2)), 10];
    }
    if (buffered.length < start + size) return undefined;
    const payload = buffered.subarray(start, start + size);
    buffered = buffered.subarray(start + size);
    return { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, payload };
  }

  const socket: RawSocket = {
    get status() {
      return status;
    },
    get head() {
      return head;
    },
    get body() {
      return status === 101 ? '' : buffered.toString();
    },
    frames,
    texts,
    get closeCode() {
      return closeCode;
    },
    get isEnded() {
      return isEnded;
    },
    get bytesRead() {
      return transport.bytesRead;
    },
    isPolite: true,
    send: (text) => socket.sendFrame(text),
    sendFrame: (payload, shape) => socket.write(layFrame(payload, shape)),
    write(bytes) {
      if (!transport.destroyed) transport.write(bytes);
    },
    pause: () => void transport.pause(),
    resume() {
      quota = 0;
      transport.resume();
    },
    async readSome(bytes) {
      quota = bytes;
      transport.resume();
      await until(() => quota <= 0 || isEnded, `${bytes} bytes`);
    },
    text: (fits, what) => until(() => texts.find(fits), what),
    closed: () => until(() => closeCode, 'a close frame'),
    ended: async () => void (await until(() => isEnded, 'the end of the transport')),
    destroy: () => void transport.destroy(),
  };
  return socket;
}
