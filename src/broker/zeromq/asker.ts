import type { Clock, Stop } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { type Answer, findAnswer } from './answer-codec.ts';
import { createPeerOptions } from './curve.ts';
import type { Zeromq } from './load-zeromq.ts';
import type { Place } from './place.ts';
import { readAll } from './read-all.ts';
import { encodeRequest, type Request } from './request-codec.ts';
import { REQUEST_WINDOW, SOCKET_OPTIONS } from './socket-options.ts';

/** Asks the proxy, and gets its answers. */
export interface Asker {
  /**
   * Resolves to the answer. A request whose connection broke is sent again on the next, which an append survives by its key.
   * @throws {BrokerError} `unavailable` without an answer within 5 s, or when too much waits already; `closed`
   */
  ask(request: Request): Promise<Answer>;
  /** Says why there may have been no answer for some milliseconds. */
  describeSilence(ms: number): string;
  close(): void;
}

interface Asked {
  readonly id: number;
  readonly frames: readonly string[];
  readonly bytes: number;
  readonly settle: (answer: Answer | BrokerError) => void;
  isSent: boolean;
}

const ANSWER_TIMEOUT_MS = 5_000;
/** How long the socket holds a request that has no connection to go by, in milliseconds: it may be sent so late, no later. */
const SEND_TIMEOUT_MS = 500;
const MAX_ASKED = 10_000;
const MAX_ASKED_BYTES = 64 * 1_048_576;

/** Creates an asker and lets it connect, whether or not a proxy is there yet. `onBreak`: its connection broke. */
export function createAsker(zeromq: Zeromq, place: Place, clock: Clock, onBreak: () => void): Asker {
  const socket = new zeromq.Dealer({
    ...SOCKET_OPTIONS,
    ...createPeerOptions(place),
    immediate: true, // without a connection nothing is queued in the socket, where it could be neither bounded nor taken back
    sendTimeout: SEND_TIMEOUT_MS,
    sendHighWaterMark: REQUEST_WINDOW,
    receiveHighWaterMark: REQUEST_WINDOW,
  });
  /** All without an answer yet, oldest first. */
  const asked = new Map<number, Asked>();
  /** Those of them that are to be sent, oldest first; and some that were given up since. */
  let unsent: Asked[] = [];
  let bytes = 0;
  let sentCount = 0;
  let lastId = 0;
  let isSending = false;
  let isRefused = false;
  let isClosed = false;

  function settle(id: number, answer: Answer | BrokerError): void {
    const one = asked.get(id);
    if (!one) return; // answered twice, or too late
    asked.delete(id);
    bytes -= one.bytes;
    if (one.isSent) sentCount--;
    one.settle(answer);
    void send();
  }

  /** One send at a time: the socket takes no second. Never rejects. */
  async function send(): Promise<void> {
    if (isSending) return;
    isSending = true;
    while (!isClosed && sentCount < REQUEST_WINDOW) {
      const next = unsent.shift();
      if (!next) break;
      if (!asked.has(next.id)) continue;
      try {
        await socket.send([...next.frames]);
        if (!asked.has(next.id)) continue;
        next.isSent = true;
        sentCount++;
      } catch (error) {
        // EAGAIN: no connection within the time. It is still the first to go, if it is still wanted then.
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') unsent.unshift(next);
        else settle(next.id, createUnavailable(error));
      }
    }
    isSending = false;
  }

  function createUnavailable(cause?: unknown): BrokerError {
    return new BrokerError('unavailable', `Cannot use the broker: ${describeSilence(ANSWER_TIMEOUT_MS)}`, { cause });
  }

  function describeSilence(ms: number): string {
    const hint = isRefused ? '; it was reached, and refused: is the secret the same on both sides?' : '';
    return `no answer from the message proxy at ${place.address} within ${ms} ms${hint}`;
  }

  /**
   * What was under way went with the connection before. Told by the new one and not by the end of the old: that is
   * reported before its queue is closed, so that what is sent at once could still go there.
   */
  function sendAgain(): void {
    const lost = [...asked.values()].filter(({ isSent }) => isSent);
    for (const one of lost) one.isSent = false;
    unsent = [...lost, ...unsent];
    sentCount = 0;
    void send();
  }

  // Neither rejects: their steps don't throw.
  void readAll(socket, (frames) => {
    const found = findAnswer(frames);
    if (found) settle(found.id, found.answer);
  });
  void readAll(socket.events, ({ type }) => {
    if (type === 'disconnect') onBreak();
    if (type === 'handshake') sendAgain();
    if (type === 'handshake') isRefused = false;
    else if (type.startsWith('handshake:error')) isRefused = true;
  });
  socket.connect(place.requests);

  return {
    describeSilence,
    ask(request) {
      if (isClosed) return Promise.reject(createClosed());
      const id = ++lastId;
      const frames = encodeRequest(id, request);
      const size = frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
      if (asked.size >= MAX_ASKED || bytes + size > MAX_ASKED_BYTES) {
        const state = `${asked.size} requests of ${bytes} bytes wait for the message proxy at ${place.address} already`;
        return Promise.reject(new BrokerError('unavailable', `Cannot use the broker: ${state}`));
      }
      return new Promise((resolve, reject) => {
        const stop: Stop = clock.after(ANSWER_TIMEOUT_MS, () => settle(id, createUnavailable()));
        const one: Asked = {
          id,
          frames,
          bytes: size,
          isSent: false,
          settle(answer) {
            stop();
            if (answer instanceof BrokerError) reject(answer);
            else resolve(answer);
          },
        };
        asked.set(id, one);
        unsent.push(one);
        bytes += size;
        void send();
      });
    },
    close() {
      isClosed = true;
      socket.close();
      for (const id of [...asked.keys()]) settle(id, createClosed());
    },
  };
}

function createClosed(): BrokerError {
  return new BrokerError('closed', 'Cannot use the broker: it is closed');
}
