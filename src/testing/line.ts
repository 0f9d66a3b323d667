import type { Socket as ClientSocket } from '../client/index.ts';
import type { Connection, FrameMaker, HostedGateway } from '../gateway/index.ts';
import type { CloseCode } from '../protocol/index.ts';
import type { Work } from './work.ts';

/** A frame in memory. */
export interface TextFrame {
  readonly byteLength: number;
  readonly texts: readonly string[];
}

/** How frames in memory are made. */
export const textFrames: FrameMaker<TextFrame> = {
  encode: (text) => ({ byteLength: Buffer.byteLength(text), texts: [text] }),
  join: (frames) => ({
    byteLength: frames.reduce((sum, { byteLength }) => sum + byteLength, 0),
    texts: frames.flatMap(({ texts }) => texts),
  }),
};

/** What joins a page to a gateway: a WebSocket without a network. Frames arrive in order, in the ring's own time. */
export interface Line {
  /** Ends at once, as a network does: what is under way is lost, and both ends see 1006. */
  cut(): void;
  /** Ends as a gateway ends it. */
  close(code: CloseCode, reason: string): void;
}

/** What a line needs. */
export interface LineParts {
  readonly work: Work;
  /** The gateway at the moment, if the network leads to one. */
  findGateway(): HostedGateway<TextFrame> | undefined;
  /** Told of each line, so that it can be cut. */
  onLine(line: Line): void;
}

/** Events of RFC 6455, 7.1.5, as a browser's WebSocket tells them. */
interface SocketEvents extends ClientSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

const LOST = 1006;
const NORMAL = 1000;

/** Creates the WebSocket of one page. */
export function createLineSocket({ work, findGateway, onLine }: LineParts): new (url: string) => ClientSocket {
  function join(socket: SocketEvents): { send(text: string): void; leave(code: number): void } {
    let connection: Connection | undefined;
    let isCut = false;
    let isClosed = false;
    /** Tells that the gateway has judged a token, which takes its time in other threads, or judges no more. */
    let onVerdict: () => void = () => {};

    /** After all that was written before. */
    function closeSocket(code: number): void {
      isClosed = true;
      onVerdict();
      work.add(() => isCut || socket.onclose?.({ code }));
    }

    function open(): void {
      const gateway = findGateway();
      if (isCut) return;
      if (!gateway || gateway.findRefusal('client')) {
        closeSocket(LOST); // a browser does not tell a page what an upgrade was answered with
        return;
      }
      connection = gateway.connect({
        isFull: false,
        write(frames) {
          for (const text of frames.flatMap(({ texts }) => texts)) {
            if (/^\{"id":"AUTH (?:OK|FAILED)"/.test(text)) onVerdict();
            work.add(() => isCut || socket.onmessage?.({ data: text }));
          }
        },
        ping: () => work.add(() => isCut || connection?.markSeen()),
        close: closeSocket,
        terminate: () => closeSocket(LOST),
      });
      socket.onopen?.();
    }

    async function deliver(text: string): Promise<void> {
      if (isCut || isClosed) return;
      const verdict = new Promise<void>((resolve) => {
        onVerdict = resolve;
      });
      connection?.takeText(text);
      if (text.startsWith('{"id":"AUTH"') && !isClosed) await verdict;
    }

    function cut(): void {
      if (isCut) return;
      isCut = true;
      onVerdict();
      connection?.ended(LOST);
      work.add(() => socket.onclose?.({ code: LOST }));
    }

    work.add(open);
    onLine({ cut, close: (code, reason) => connection?.close(code, reason) });
    return {
      send: (text) => work.add(() => deliver(text)),
      leave: (code) => work.add(() => isCut || connection?.ended(code)),
    };
  }

  return class implements SocketEvents {
    onopen: SocketEvents['onopen'] = null;
    onmessage: SocketEvents['onmessage'] = null;
    onclose: SocketEvents['onclose'] = null;
    onerror: unknown = null;
    readonly #line = join(this);

    send(text: string): void {
      this.#line.send(text);
    }

    close(code: number = NORMAL): void {
      this.#line.leave(code);
    }
  };
}
