import type { EncodedJson, LogName } from '../protocol/index.ts';
import { FlowError } from './flow-error.ts';

/** A message on its way to a log. */
export interface Outgoing {
  readonly log: LogName;
  readonly event: string;
  readonly key: string;
  /** Undefined while the payload is being checked. */
  data: EncodedJson | undefined;
  /** What it counts for: data, event and key. */
  bytes: number;
}

/** The queues of all logs and their bounds. Knows no promise, no timer, no broker. */
export interface SendQueues<Item extends Outgoing> {
  /**
   * Puts an item without data at the end of its log's queue, where it lets nothing by.
   * @throws {FlowError} `overloaded`
   */
  add(item: Item): void;
  /**
   * Gives a waiting item its data, if that is not too much.
   * @throws {FlowError} `overloaded`
   */
  fill(item: Item, data: EncodedJson): void;
  /** The next item of a log, which is then its only one under way: none until that is removed, or while it has no data. */
  take(log: LogName): Item | undefined;
  /** Forgets an item, waiting or under way. */
  remove(item: Item): void;
  /** True while the item is under way. */
  isUnderWay(item: Item): boolean;
  readonly entries: number;
  readonly bytes: number;
}

interface Queue<Item> {
  readonly waiting: Item[];
  underWay: Item | undefined;
  bytes: number;
}

const MAX_LOG_BYTES = 1_048_576;
const MAX_BYTES = 64 * 1_048_576;

/** Creates queues with nothing in them. A log without items costs nothing. */
export function createSendQueues<Item extends Outgoing>(): SendQueues<Item> {
  const queues = new Map<LogName, Queue<Item>>();
  let entries = 0;
  let bytes = 0;

  function hold(queue: Queue<Item>, item: Item, more: number): void {
    const [inLog, inAll] = [queue.bytes + more, bytes + more];
    if (inLog > MAX_LOG_BYTES || inAll > MAX_BYTES) {
      const state =
        inLog > MAX_LOG_BYTES
          ? `${inLog} bytes would wait for it, limit is ${MAX_LOG_BYTES}`
          : `${inAll} bytes would wait in all, limit is ${MAX_BYTES}`;
      throw new FlowError('overloaded', `Cannot send "${item.event}" to "${item.log}": ${state}`);
    }
    queue.bytes = inLog;
    bytes = inAll;
    item.bytes += more;
  }

  function remove(item: Item): void {
    const queue = queues.get(item.log);
    if (!queue) return;
    if (queue.underWay === item) queue.underWay = undefined;
    else {
      // What is removed is nearly always the oldest: sends have one time limit.
      const index = queue.waiting.indexOf(item);
      if (index < 0) return;
      queue.waiting.splice(index, 1);
    }
    entries--;
    bytes -= item.bytes;
    queue.bytes -= item.bytes;
    if (!queue.underWay && queue.waiting.length === 0) queues.delete(item.log);
  }

  return {
    add(item) {
      const queue = queues.get(item.log) ?? { waiting: [], underWay: undefined, bytes: 0 };
      hold(queue, item, Buffer.byteLength(item.event) + Buffer.byteLength(item.key));
      queues.set(item.log, queue);
      queue.waiting.push(item);
      entries++;
    },
    fill(item, data) {
      const queue = queues.get(item.log);
      if (!queue) return;
      hold(queue, item, Buffer.byteLength(data));
      item.data = data;
    },
    take(log) {
      const queue = queues.get(log);
      if (!queue || queue.underWay || queue.waiting[0]?.data === undefined) return undefined;
      queue.underWay = queue.waiting.shift();
      return queue.underWay;
    },
    remove,
    isUnderWay: (item) => queues.get(item.log)?.underWay === item,
    get entries() {
      return entries;
    },
    get bytes() {
      return bytes;
    },
  };
}
