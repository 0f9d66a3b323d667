import { randomUUID } from 'node:crypto';
import { type Broker, BrokerError } from '../broker/index.ts';
import { awaitWithin, type Clock, type LogName } from '../protocol/index.ts';
import type { BusMessage } from './bus-message.ts';

/** Messages on their way to a broker: in the order of each log, waiting while it is away. */
export interface AppendQueue {
  /** Takes a message; false: there is no room. */
  add(message: BusMessage): boolean;
  /** Messages that wait, and their bytes. */
  readonly size: { readonly messages: number; readonly bytes: number };
  /** Resolves when nothing waits, or after `ms` milliseconds; what then still waits is given up. */
  close(ms: number): Promise<void>;
}

/** What a queue runs on. */
export interface AppendQueueOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly maxBytes: number;
  onAppended(): void;
  /** The broker will never take it. */
  onRefused(): void;
  /** The broker did not take what it was given, and is asked again. Told once, until it is back. */
  onAway(error: unknown): void;
  /** It took all of that. */
  onBack(): void;
}

interface Waiting {
  readonly message: BusMessage;
  /** Old publishers give none; one of ours makes it safe to say it again. */
  readonly key: string;
  readonly bytes: number;
}

/** What a message costs beside its data, roughly: names, key, object. */
const MESSAGE_OVERHEAD_BYTES = 400;
/** Logs that are appended to at once. */
const MAX_APPENDS = 256;
const APPEND_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/** Creates an empty queue. */
export function createAppendQueue(options: AppendQueueOptions): AppendQueue {
  const { broker, clock, maxBytes } = options;
  const byLog = new Map<LogName, Waiting[]>();
  const ready: LogName[] = [];
  const size = { messages: 0, bytes: 0 };
  let appends = 0;
  /** Appends that failed and are tried again. */
  let failing = 0;
  let isOver = false;
  let giveUp: () => void = () => {};
  const over = new Promise<'over'>((resolve) => {
    giveUp = () => {
      isOver = true;
      resolve('over');
    };
  });
  let onEmpty: () => void = () => {};

  function startNext(): void {
    while (appends < MAX_APPENDS && !isOver) {
      const log = ready.shift();
      if (log === undefined) return;
      appends++;
      void appendFirst(log).finally(() => {
        appends--;
        startNext();
      });
    }
  }

  /** Appends what is first in a log's line; the log then waits for its turn again. Never rejects. */
  async function appendFirst(log: LogName): Promise<void> {
    const line = byLog.get(log) as Waiting[];
    const first = line[0] as Waiting;
    await append(first);
    if (isOver) return;
    line.shift();
    size.messages--;
    size.bytes -= first.bytes;
    if (line.length > 0) ready.push(log);
    else byLog.delete(log);
    if (size.messages === 0) onEmpty();
  }

  /** Tries until the broker took it, or said that it never will. */
  async function append({ message: { log, ...entry }, key }: Waiting): Promise<void> {
    let hasFailed = false;
    for (let waitMs = FIRST_RETRY_MS; !isOver; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        const append = () => Promise.race([over, broker.append(log, { ...entry, key })]);
        if ((await awaitWithin(clock, APPEND_TIMEOUT_MS, append)) !== 'over') options.onAppended();
        break;
      } catch (error) {
        if (error instanceof BrokerError && error.code === 'refused') {
          options.onRefused();
          break;
        }
        if (!hasFailed && failing++ === 0) options.onAway(error);
        hasFailed = true;
        await wait(waitMs);
      }
    }
    if (hasFailed && --failing === 0 && !isOver) options.onBack();
  }

  async function wait(ms: number): Promise<void> {
    let stop = () => {};
    await Promise.race([
      over,
      new Promise<void>((resolve) => {
        stop = clock.after(ms, resolve);
      }),
    ]);
    stop();
  }

  return {
    size,
    add(message) {
      const bytes = message.data.length + MESSAGE_OVERHEAD_BYTES;
      if (isOver || size.bytes + bytes > maxBytes) return false;
      size.messages++;
      size.bytes += bytes;
      const waiting: Waiting = { message, key: randomUUID(), bytes };
      const line = byLog.get(message.log);
      if (line) line.push(waiting);
      else {
        byLog.set(message.log, [waiting]);
        ready.push(message.log);
        startNext();
      }
      return true;
    },
    async close(ms) {
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
        if (size.messages === 0) resolve();
      });
      await awaitWithin(clock, ms, () => empty).catch(() => {}); // its time is over: what waits is given up
      giveUp();
    },
  };
}
