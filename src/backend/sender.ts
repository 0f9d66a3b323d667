import { randomUUID } from 'node:crypto';
import { type Broker, BrokerError } from '../broker/index.ts';
import { type Clock, type EncodedJson, type LogName, MAX_KEY_BYTES, type Position } from '../protocol/index.ts';
import { FlowError } from './flow-error.ts';
import type { Report } from './flow-event.ts';
import type { FlowStats } from './flow-stats.ts';
import { createSendQueues, type Outgoing } from './send-queues.ts';

/** Where a message was stored; null where the engine does not tell. */
export interface Sent {
  readonly at: Position | null;
}

/** Appends to logs: one append in flight a log, the rest queued in the order of their sends. */
export interface Sender {
  /** Checks by `encode`, waits its turn, appends. What it returns never becomes an unhandled rejection. */
  send(
    log: LogName,
    event: string,
    key: string | undefined,
    encode: () => EncodedJson | Promise<EncodedJson>,
  ): Promise<Sent>;
  stats(): FlowStats;
  /** Takes no more, and resolves once every send has settled: after `sendTimeoutMs` at the latest. */
  close(): Promise<void>;
}

/** What a sender works with. */
export interface SenderParts {
  readonly broker: Pick<Broker, 'append'>;
  readonly clock: Clock;
  readonly sendTimeoutMs: number;
  readonly report: Report;
}

interface Send extends Outgoing {
  readonly startedAt: number;
  readonly stopTimer: () => void;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates a sender with nothing queued. */
export function createSender({ broker, clock, sendTimeoutMs, report }: SenderParts): Sender {
  const queues = createSendQueues<Send>();
  const counts = { sent: 0, failed: 0, late: 0 };
  /** Sends that have not settled. */
  const open = new Set<Send>();
  const closers: (() => void)[] = [];
  let isClosed = false;

  function begin(send: Send, encode: () => EncodedJson | Promise<EncodedJson>): void {
    try {
      if (isClosed) throw new FlowError('closed', `Cannot send "${send.event}" to "${send.log}": the flow is closed`);
      checkKey(send);
      queues.add(send); // before its payload is checked: its place is that of the call, and what is refused starts no check
      const data = encode();
      if (typeof data !== 'string')
        void fill(send, data); // settles the send, whatever happens
      else {
        queues.fill(send, data);
        pump(send.log);
      }
    } catch (error) {
      fail(send, error);
    }
  }

  async function fill(send: Send, data: Promise<EncodedJson>): Promise<void> {
    try {
      const encoded = await data;
      if (!open.has(send)) return; // given up while its payload was being checked
      queues.fill(send, encoded);
      pump(send.log);
    } catch (error) {
      fail(send, error);
    }
  }

  function pump(log: LogName): void {
    const send = queues.take(log);
    if (send?.data !== undefined) void append(send, send.data); // settles the send, whatever happens
  }

  async function append(send: Send, data: EncodedJson): Promise<void> {
    const { log, event, key } = send;
    try {
      const at = await broker.append(log, { event, key, data });
      if (settle(send)) {
        counts.sent++;
        send.resolve({ at });
      } else {
        counts.late++;
        report({ type: 'send-late', log, event, afterMs: clock.now() - send.startedAt });
      }
    } catch (cause) {
      fail(send, toFlowError(send, cause));
    }
    queues.remove(send);
    pump(log);
  }

  function giveUp(send: Send): void {
    const waited = `Cannot send "${send.event}" to "${send.log}": no answer within ${sendTimeoutMs} ms`;
    if (queues.isUnderWay(send)) {
      // The append holds its log's turn until the engine answers: a later entry must not overtake one that may yet be stored.
      fail(send, new FlowError('unavailable', `${waited}; it may yet be stored`));
      return;
    }
    // What has not begun never will: its sender was told that it failed, and may have said it again, or taken it back.
    fail(send, new FlowError('unavailable', `${waited}; it was not stored`));
  }

  function fail(send: Send, error: unknown): void {
    if (!queues.isUnderWay(send)) queues.remove(send);
    if (!settle(send)) return;
    counts.failed++;
    report({ type: 'send-failed', log: send.log, event: send.event, error });
    send.reject(error);
    pump(send.log); // it may have been the one that the others waited for
  }

  /** False when the send had settled before. */
  function settle(send: Send): boolean {
    if (!open.delete(send)) return false;
    send.stopTimer();
    if (open.size === 0) for (const close of closers.splice(0)) close();
    return true;
  }

  return {
    send(log, event, key = randomUUID(), encode) {
      const promise = new Promise<Sent>((resolve, reject) => {
        const stopTimer = clock.after(sendTimeoutMs, () => giveUp(send));
        const send: Send = {
          log,
          event,
          key,
          data: undefined,
          bytes: 0,
          startedAt: clock.now(),
          stopTimer,
          resolve,
          reject,
        };
        open.add(send);
        begin(send, encode);
      });
      // A send that nobody awaits must not end the process when the broker is away: it is counted and reported instead.
      promise.catch(() => {});
      return promise;
    },
    stats: () => ({ ...counts, queuedEntries: queues.entries, queuedBytes: queues.bytes }),
    close: () =>
      new Promise((resolve) => {
        isClosed = true;
        if (open.size === 0) resolve();
        else closers.push(resolve);
      }),
  };
}

function checkKey({ event, key }: Outgoing): void {
  if (typeof key !== 'string') throw new TypeError(`Cannot send "${event}": its key is ${typeof key}, not a string`);
  const bytes = Buffer.byteLength(key);
  if (bytes >= 1 && bytes <= MAX_KEY_BYTES) return;
  throw new RangeError(`Cannot send "${event}": its key has ${bytes} bytes, it must have 1 to ${MAX_KEY_BYTES}`);
}

function toFlowError({ event, log }: Outgoing, cause: unknown): FlowError {
  const code = cause instanceof BrokerError ? cause.code : 'unavailable';
  return new FlowError(code, `Cannot send "${event}" to "${log}": the broker failed`, { cause });
}
