import { type Broker, BrokerError, type Entry, type NewEntry, type Reading } from 'message-flow/broker';
import type { BrokerFaults } from 'message-flow/broker/conformance';
import { findPositionParts, formatPosition, kindOf, type LogName, type Position, tagOf } from 'message-flow/protocol';

interface Line {
  readonly offset: number;
  readonly log: LogName;
  readonly entry: Entry;
}

/** How many turns of the event loop a connection needs to mend its live end. */
const MENDING_TURNS = 3;

/**
 * A server that uses every freedom the contract of brokers leaves: one numbering for all logs, so that a log's offsets have
 * holes; appends that don't tell their place; `previous` without a tag, or unknown; live delivery in a later turn, that
 * loses what comes while it is cut; ends that are proven by what the server took after them.
 */
export function createSparseServer(options: { readonly saysInterrupted?: boolean } = {}): {
  readonly connect: () => Broker;
  readonly faults: BrokerFaults;
} {
  const connections = new Map<Broker, { hear(line: Line): void; cut(): void }>();
  let epoch = 'first';
  let stream: Line[] = [];
  let size = 0;
  let ends = new Map<LogName, { first: number; last: number; key: string }>();
  let keys = new Set<string>();

  function append(log: LogName, entry: NewEntry): void {
    const id = JSON.stringify([log, entry.key]);
    if (keys.has(id)) return;
    keys.add(id);
    const offset = ++size;
    const end = ends.get(log);
    const at = formatPosition({ epoch, offset, tag: tagOf(entry.key) });
    const previous = offset % 3 === 0 ? null : { offset: end?.last ?? 0 };
    const line: Line = { offset, log, entry: { ...entry, at, previous, ts: Date.now() } };
    stream.push(line);
    ends.set(log, { first: end?.first ?? offset, last: offset, key: entry.key });
    for (const { hear } of connections.values()) hear(line);
  }

  function topOf(log: LogName): Position {
    const end = ends.get(log);
    return formatPosition({ epoch, offset: end?.last ?? 0, tag: end ? tagOf(end.key) : '' });
  }

  function judge(log: LogName, after: string): Reading['gap'] {
    const end = ends.get(log) ?? { first: 1, last: 0 };
    const begin = stream[0]?.offset ?? size + 1;
    const isBeginningGone = end.first < begin && end.last > 0;
    if (after === 'start') return kindOf(log) === 'run' && isBeginningGone ? 'trimmed' : undefined;
    const mine = findPositionParts(after);
    if (!mine || mine.epoch !== epoch || mine.offset > end.last) return 'reset';
    if (mine.offset === 0) return mine.tag ? 'reset' : isBeginningGone ? 'trimmed' : undefined;
    if (mine.offset < begin) return mine.offset + 1 < begin ? 'trimmed' : undefined;
    const anchor = stream[mine.offset - begin];
    return anchor?.log === log && tagOf(anchor.entry.key) === mine.tag ? undefined : 'reset';
  }

  function read(log: LogName, after: string, limit: number): Reading {
    const gap = judge(log, after);
    const top = topOf(log);
    if (gap === 'reset') return { entries: [], top, gap };
    const from = gap || after === 'start' ? 0 : (findPositionParts(after)?.offset ?? 0);
    const lines = stream.filter((line) => line.log === log && line.offset > from).slice(0, limit);
    const entries = lines.map(({ entry }) => entry);
    return gap ? { entries, top, gap } : { entries, top };
  }

  function connect(): Broker {
    const tails = new Map<object, { log: LogName; onEntry: (entry: Entry) => void }>();
    const listeners = new Set<(logs: 'all') => void>();
    let isClosed = false;
    let isCut = false;

    async function answer<T>(say: () => T): Promise<T> {
      await inTurns(1);
      if (isClosed) throw new BrokerError('closed', 'Cannot use the sparse broker: it is closed');
      if (isCut) throw new BrokerError('unavailable', 'Cannot use the sparse broker: its connection is cut');
      return say();
    }

    const broker: Broker = {
      capabilities: { durable: true, interest: false, keyWindowMs: 60_000 },
      async append(log, entry) {
        await answer(() => append(log, entry));
        return null;
      },
      read: (log, after, limit) => answer(() => read(log, after, limit)),
      tail: (log, onEntry) =>
        answer(() => {
          const tail = {};
          tails.set(tail, { log, onEntry });
          return () => void tails.delete(tail);
        }),
      tops: (logs) => answer(() => new Map(logs.map((log) => [log, topOf(log)]))),
      on(_, listener) {
        const told = (logs: 'all') => listener(logs);
        listeners.add(told);
        return () => void listeners.delete(told);
      },
      health: async () => ({ ok: !isClosed, since: 1 }),
      async close() {
        isClosed = true;
        tails.clear();
        connections.delete(broker);
      },
    };
    async function mend(): Promise<void> {
      await inTurns(MENDING_TURNS);
      isCut = false;
      if (options.saysInterrupted ?? true) for (const told of listeners) told('all');
    }
    connections.set(broker, {
      hear(line) {
        if (isCut) return;
        setImmediate(() => {
          for (const { log, onEntry } of [...tails.values()]) if (log === line.log) onEntry(line.entry);
        });
      },
      cut() {
        isCut = true;
        void mend();
      },
    });
    return broker;
  }

  return {
    connect,
    faults: {
      cutLive(broker) {
        connections.get(broker)?.cut();
      },
      trim(_, log) {
        append('channel/filler' as LogName, { key: `${size}`, event: 'said', data: '1' as Entry['data'] });
        const last = ends.get(log)?.last ?? 0;
        stream = stream.filter(({ offset }) => offset > last);
      },
      reset(broker) {
        epoch = `${epoch}~`;
        [stream, size, ends, keys] = [[], 0, new Map(), new Set()];
        return broker;
      },
    },
  };
}

async function inTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
