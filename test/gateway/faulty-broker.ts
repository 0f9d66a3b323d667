import { type Broker, createMemoryBroker, type MemoryBrokerOptions } from 'message-flow/broker';
import type { LogName } from 'message-flow/protocol';

type Interrupted = (logs: readonly LogName[] | 'all') => void;

/** The memory broker behind a link that a test breaks. */
export interface FaultyBroker extends Broker {
  /** Reads that were asked for. */
  readCount: number;
  /** Most reads that were under way at once. */
  mostReads: number;
  topsCount: number;
  /** Tails that are open. */
  tailCount: number;
  /** How many of the next calls fail. */
  failing: { read: number; tail: number; tops: number };
  /** How many of the next calls never settle before `thaw` is called. */
  hanging: { read: number; tail: number; tops: number; health: number };
  /** Lets the calls that hang go on. */
  thaw(): void;
  /** True: what is appended is not heard live. */
  isDeaf: boolean;
  /** Changes what a read gives. */
  spoil: ((reading: Awaited<ReturnType<Broker['read']>>) => Awaited<ReturnType<Broker['read']>>) | undefined;
  interrupt: Interrupted;
}

export function createFaultyBroker(options: MemoryBrokerOptions = {}): FaultyBroker {
  const memory = createMemoryBroker(options);
  const listeners = new Set<Interrupted>();
  let underWay = 0;

  const frozen = new Set<() => void>();

  function hang(call: keyof FaultyBroker['hanging']): Promise<void> {
    if (broker.hanging[call] <= 0) return Promise.resolve();
    broker.hanging[call]--;
    return new Promise((resolve) => frozen.add(resolve));
  }

  function check(call: keyof FaultyBroker['failing']): void {
    if (broker.failing[call] <= 0) return;
    broker.failing[call]--;
    throw new Error(`${call}: the broker is away`);
  }

  const broker: FaultyBroker = {
    ...memory,
    readCount: 0,
    mostReads: 0,
    topsCount: 0,
    tailCount: 0,
    failing: { read: 0, tail: 0, tops: 0 },
    hanging: { read: 0, tail: 0, tops: 0, health: 0 },
    thaw() {
      for (const resolve of frozen) resolve();
      frozen.clear();
    },
    isDeaf: false,
    spoil: undefined,
    async read(log, after, limit) {
      broker.readCount++;
      broker.mostReads = Math.max(broker.mostReads, ++underWay);
      try {
        await hang('read');
        await new Promise((resolve) => setImmediate(resolve));
        check('read');
        const reading = await memory.read(log, after, limit);
        return broker.spoil ? broker.spoil(reading) : reading;
      } finally {
        underWay--;
      }
    },
    async tail(log, onEntry) {
      check('tail');
      const stop = await memory.tail(log, (entry) => {
        if (!broker.isDeaf) onEntry(entry);
      });
      broker.tailCount++;
      await hang('tail');
      return () => {
        broker.tailCount--;
        stop();
      };
    },
    async tops(logs) {
      broker.topsCount++;
      check('tops');
      await hang('tops');
      return await memory.tops(logs);
    },
    async health() {
      await hang('health');
      return await memory.health();
    },
    on(_, listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    interrupt(logs) {
      for (const listener of listeners) listener(logs);
    },
  };
  return broker;
}
