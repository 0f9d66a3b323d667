import { type Broker, BrokerError, type Entry } from 'message-flow/broker';
import { findPositionParts, formatPosition, type LogName, type Position } from 'message-flow/protocol';

/** A broker that does one thing wrong. `broker` is a memory broker; what it lacks, the wrong one changes. */
export type Sabotage = (broker: Broker) => Partial<Broker>;

/** Each way to be wrong, and one claim, at least, that must find it out. */
export const SABOTAGE: Record<string, { readonly found: string; readonly spoil: Sabotage }> = {
  'forgets keys': {
    found: 'one key said twice is one entry: the first, at the first position',
    spoil: (broker) => {
      let count = 0;
      const own = ({ key, ...entry }: Entry): Entry => ({ ...entry, key: key.replace(/\|\d+$/, '') });
      return {
        append: (log, entry) => broker.append(log, { ...entry, key: `${entry.key}|${++count}` }),
        tail: (log, onEntry) => broker.tail(log, (entry) => onEntry(own(entry))),
        read: async (log, after, limit) => {
          const reading = await broker.read(log, after, limit);
          return { ...reading, entries: reading.entries.map(own) };
        },
      };
    },
  },
  'takes one key on two logs for one': {
    found: 'one key on two logs is two entries',
    spoil: (broker) => {
      const keys = new Set<string>();
      return {
        append: async (log, entry) => {
          if (keys.has(entry.key)) return null;
          keys.add(entry.key);
          return await broker.append(log, entry);
        },
      };
    },
  },
  'ignores tags': {
    found: 'a position with the tag of another entry is a reset',
    spoil: (broker) => ({
      read: (log, after, limit) => broker.read(log, withParts(after, { tag: '' }), limit),
    }),
  },
  'ignores epochs': {
    found: 'a position of another epoch is a reset',
    spoil: (broker) => ({
      read: (log, after, limit) => broker.read(log, withParts(after, { epoch: broker.epoch ?? '' }), limit),
    }),
  },
  'goes on from its end after a reset, silently': {
    found: 'a position far beyond the top is a reset',
    spoil: (broker) => ({ read: async (...args) => withoutGap(await broker.read(...args), 'reset') }),
  },
  'clamps a trimmed position, silently': {
    found: 'a position older than what is kept is trimmed, with what is kept',
    spoil: (broker) => ({ read: async (...args) => withoutGap(await broker.read(...args), 'trimmed') }),
  },
  'takes a quiet log for a trimmed one': {
    found: 'a quiet log whose entries are gone is whole at its end',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        const { entries } = await broker.read(log, 'start', 1);
        const isGone = entries.length === 0 && !reading.top.endsWith(':');
        return isGone && !reading.gap ? { ...reading, gap: 'trimmed' } : reading;
      },
    }),
  },
  'calls its limit a gap': {
    found: 'a read that reaches its limit is no gap, and goes on from its last entry',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        return reading.entries.length === limit ? { ...reading, gap: 'trimmed' } : reading;
      },
    }),
  },
  'throws at a text that is no position': {
    found: 'a text that is no position is a reset, never an exception',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        if (after !== 'start' && !findPositionParts(after)) throw new SyntaxError('Cannot read: no position');
        return await broker.read(log, after, limit);
      },
    }),
  },
  'parses data': {
    found: 'data is read byte for byte as it was appended',
    spoil: (broker) => ({
      append: (log, entry) =>
        broker.append(log, { ...entry, data: JSON.stringify(JSON.parse(entry.data)) as Entry['data'] }),
    }),
  },
  'folds the case of names': {
    found: 'logs whose names look alike are different logs',
    spoil: (broker) => ({
      append: (log, entry) => broker.append(log.toLowerCase() as LogName, entry),
      read: (log, ...args) => broker.read(log.toLowerCase() as LogName, ...args),
    }),
  },
  'cuts long names': {
    found: 'names of 200 bytes that differ in the last are different logs',
    spoil: (broker) => ({
      append: (log, entry) => broker.append(log.slice(0, 190) as LogName, entry),
      read: (log, ...args) => broker.read(log.slice(0, 190) as LogName, ...args),
    }),
  },
  'knows the tops of used logs only': {
    found: 'the tops of many logs come at once, of unknown ones too',
    spoil: (broker) => ({
      tops: async (logs) => new Map([...(await broker.tops(logs))].filter(([, at]) => !at.endsWith(':'))),
    }),
  },
  'names a wrong entry as the one before': {
    found: 'an entry names the one before it, where it names one',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        return { ...reading, entries: reading.entries.map((entry) => ({ ...entry, previous: { offset: 1 } })) };
      },
    }),
  },
  'gives a wrong position': {
    found: 'an append gives the position at which the entry is read, where it gives one',
    spoil: (broker) => ({
      append: async (log, entry) => withParts((await broker.append(log, entry)) as Position, { offset: 1 }),
    }),
  },
  'drops every third live entry, silently': {
    found: 'a tail hears what is appended, in order',
    spoil: (broker) => {
      let count = 0;
      return {
        tail: (log, onEntry) =>
          broker.tail(log, (entry) => {
            if (++count % 3 > 0) onEntry(entry);
          }),
      };
    },
  },
  'swaps live entries': {
    found: 'a tail hears what is appended, in order',
    spoil: (broker) => ({
      tail: (log, onEntry) => {
        let late: Entry | undefined;
        return broker.tail(log, (entry) => {
          if (!late) late = entry;
          else {
            onEntry(entry);
            onEntry(late);
            late = undefined;
          }
        });
      },
    }),
  },
  'hears twice what is said twice': {
    found: 'a key said twice is heard once',
    spoil: (broker) => {
      const tails = new Map<LogName, (entry: Entry) => void>();
      return {
        append: async (log, entry) => {
          const { top } = await broker.read(log, 'start', 0);
          const at = await broker.append(log, entry);
          const [known] = (await broker.read(log, 'start', 1)).entries;
          if (at !== null && known && top === (await broker.read(log, 'start', 0)).top) tails.get(log)?.(known);
          return at;
        },
        tail: (log, onEntry) => {
          tails.set(log, onEntry);
          return broker.tail(log, onEntry);
        },
      };
    },
  },
  'resolves a tail before it delivers': {
    found: 'a tail delivers from the moment it resolved',
    spoil: (broker) => ({
      tail: async (log, onEntry) => {
        // By then the claim may be over and the broker closed.
        const timer = setTimeout(() => void broker.tail(log, onEntry).catch(() => {}), 20);
        return () => clearTimeout(timer);
      },
    }),
  },
  'takes a name for a wildcard': {
    found: 'a tail hears no other log, however alike their names',
    spoil: (broker) => {
      const everything = new Set<(entry: Entry) => void>();
      return {
        append: async (log, entry) => {
          const at = await broker.append(log, entry);
          if (log.endsWith('/a'))
            for (const onEntry of everything) onEntry({ ...entry, at: at as Position, previous: null, ts: 1 });
          return at;
        },
        tail: (log, onEntry) => {
          if (log.endsWith('%2A')) everything.add(onEntry);
          return broker.tail(log, onEntry);
        },
      };
    },
  },
  'never stops a tail': {
    found: 'a tail that was stopped hears no more',
    spoil: (broker) => ({
      tail: async (log, onEntry) => {
        await broker.tail(log, onEntry);
        return () => {};
      },
    }),
  },
  'keeps one tail a log': {
    found: 'two tails with one function are two, and each is stopped once',
    spoil: (broker) => {
      const stops = new Map<LogName, () => void>();
      return {
        tail: async (log, onEntry) => {
          stops.get(log)?.();
          const stop = await broker.tail(log, onEntry);
          stops.set(log, stop);
          return stop;
        },
      };
    },
  },
  'works on after it was closed': {
    found: 'a closed broker rejects every call with `closed`, and may be closed again',
    spoil: () => ({ close: async () => {} }),
  },
  'keeps its epoch when it lost everything': {
    found: 'after the engine lost everything old positions are resets and new ones whole',
    spoil: (broker) => ({
      read: (log, after, limit) => broker.read(log, withParts(after, { epoch: broker.epoch ?? '', tag: '' }), limit),
    }),
  },
  'reads the entry at a position again': {
    found: 'after any entry comes exactly what was appended after it',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        const known = (await broker.read(log, 'start', limit)).entries.filter(({ at }) => at === after);
        return { ...reading, entries: [...known, ...reading.entries] };
      },
    }),
  },
  'knows a log only once it was asked for its top': {
    found: 'an entry of a log that nobody asked about before is read from "start"',
    spoil: (broker) => {
      const known = new Set<LogName>();
      return {
        tops: async (logs) => {
          for (const log of logs) known.add(log);
          return await broker.tops(logs);
        },
        read: async (log, after, limit) => {
          const reading = await broker.read(log, after, limit);
          return known.has(log) ? reading : { ...reading, entries: [] };
        },
      };
    },
  },
  'trims keys': {
    found: 'keys that look alike are different keys',
    spoil: (broker) => ({ append: (log, entry) => broker.append(log, { ...entry, key: entry.key.trim() }) }),
  },
  'spoils the names of events': {
    found: "an event's name is read as it was appended",
    spoil: (broker) => ({ append: (log, entry) => broker.append(log, { ...entry, event: entry.event.toUpperCase() }) }),
  },
  'takes no large entry': {
    found: 'an entry of 262,144 bytes is kept',
    spoil: (broker) => ({
      append: async (log, entry) => {
        if (entry.data.length > 100_000) throw new BrokerError('refused', 'Cannot append: too large');
        return await broker.append(log, entry);
      },
    }),
  },
  'knows no time': {
    found: 'an entry says when it was taken',
    spoil: (broker) => ({
      read: async (...args) => {
        const reading = await broker.read(...args);
        return { ...reading, entries: reading.entries.map((entry) => ({ ...entry, ts: Number.NaN })) };
      },
    }),
  },
  'remembers no key, and says so': {
    found: 'a broker says what it can do',
    spoil: (broker) => ({ capabilities: { ...broker.capabilities, keyWindowMs: 0 } }),
  },
  'feels ill': {
    found: 'a broker that works is healthy',
    spoil: () => ({ health: async () => ({ ok: false, since: 1, reason: 'it feels so' }) }),
  },
  'asks for the entry itself where the one after it would prove it': {
    found: 'the position of the last that went is whole while what came after it is kept',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        const [first] = (await broker.read(log, 'start', 1)).entries;
        const isGone = first?.previous?.offset === findPositionParts(after)?.offset;
        return first?.previous?.tag && isGone ? { ...reading, gap: 'trimmed' } : reading;
      },
    }),
  },
  'counts to three, and begins anew': {
    found: 'a log whose entries are gone uses no offset twice',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        const entries = reading.entries.map((entry) => {
          const { offset = 0 } = findPositionParts(entry.at) ?? {};
          return { ...entry, at: withParts(entry.at, { offset: ((offset - 1) % 3) + 1 }) };
        });
        return { ...reading, entries };
      },
    }),
  },
  'takes every start for a gap once something is gone': {
    found: '"start" is no gap on a channel whose first entries are gone',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        const isGone = reading.entries[0]?.previous?.offset !== 0;
        return after === 'start' && isGone ? { ...reading, gap: 'trimmed' } : reading;
      },
    }),
  },
  'takes every run for a trimmed one': {
    found: '"start" is no gap on a run that is whole',
    spoil: (broker) => ({
      read: async (log, after, limit) => {
        const reading = await broker.read(log, after, limit);
        return log.startsWith('run/') ? { ...reading, gap: 'trimmed' } : reading;
      },
    }),
  },
  'lets nobody stop twice': {
    found: 'whoever listens for interruptions may stop, twice',
    spoil: () => ({
      on: () => {
        let isStopped = false;
        return () => {
          if (isStopped) throw new Error('Cannot stop: stopped already');
          isStopped = true;
        };
      },
    }),
  },
  'ends a log after its last entry': {
    found: 'the top of a log is where its last entry is read',
    spoil: (broker) => ({
      read: async (...args) => {
        const reading = await broker.read(...args);
        return { ...reading, top: withParts(reading.top, { offset: 10_000 }) };
      },
    }),
  },
};

function withParts<At extends Position | 'start'>(
  after: At,
  parts: { epoch?: string; offset?: number; tag?: string },
): At {
  const mine = after === 'start' ? undefined : findPositionParts(after);
  return mine ? (formatPosition({ ...mine, ...parts }) as At) : after;
}

function withoutGap<R extends { gap?: string }>({ gap, ...reading }: R, ignored: string): R {
  return (gap === undefined || gap === ignored ? reading : { ...reading, gap }) as R;
}
