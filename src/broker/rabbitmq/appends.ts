import { awaitWithin, type Clock, type LogName, type Position } from '../../protocol/index.ts';
import type { NewEntry } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { type StreamKind, streamKindOf } from '../stream-kind.ts';
import type { HeldStream, Taken } from './held-stream.ts';
import type { Publisher } from './publisher.ts';
import { encodeStreamMessage } from './stream-message.ts';
import { ANSWER_TIMEOUT_MS } from './stream-reader.ts';

/** Sends entries, and finds out where they were stored. */
export interface Appends {
  /**
   * Resolves once the entry is stored and was read again, with its place, or that of the first with its key.
   * @throws {BrokerError} `unavailable`
   */
  append(log: LogName, entry: NewEntry): Promise<Position>;
  /** Takes notice of what was read. */
  hear(taken: Taken): void;
}

/** What appends work with. */
export interface AppendsParts {
  readonly publisher: Publisher;
  readonly streams: Readonly<Record<StreamKind, HeldStream>>;
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** Called when what was stored is not read. */
  readonly onDeaf: (reason: string) => void;
}

/** Creates appends. A confirmation says that an entry is stored, not where; so each is waited for where all are read. */
export function createAppends({ publisher, streams, clock, wallClock, onDeaf }: AppendsParts): Appends {
  const waiting = new Map<string, Set<(at: Position) => void>>();

  function waitFor(id: string): { readonly read: Promise<Position>; readonly forget: () => void } {
    const mine = waiting.get(id) ?? new Set();
    waiting.set(id, mine);
    let hear: (at: Position) => void = () => {};
    const read = new Promise<Position>((resolve) => {
      hear = resolve;
      mine.add(hear);
    });
    return {
      read,
      forget() {
        mine.delete(hear);
        if (mine.size === 0 && waiting.get(id) === mine) waiting.delete(id);
      },
    };
  }

  return {
    async append(log, entry) {
      const kind = streamKindOf(log);
      const { epoch = '', knows } = streams[kind];
      const message = { type: 'entry', epoch, ts: wallClock(), log, isFirst: !knows(log), entry } as const;
      const { read, forget } = waitFor(nameEntry(log, entry.key));
      let isStored = false;
      const stored = async () => {
        await publisher.publish(kind, encodeStreamMessage(message));
        isStored = true;
      };
      try {
        const [at] = await awaitWithin(clock, ANSWER_TIMEOUT_MS, () => Promise.all([read, stored()]));
        return at;
      } catch (error) {
        if (error instanceof BrokerError) throw error;
        if (isStored) onDeaf('what was stored is not read');
        throw new BrokerError('unavailable', `Cannot send to RabbitMQ: no answer within ${ANSWER_TIMEOUT_MS} ms`);
      } finally {
        forget();
      }
    },
    hear(taken) {
      if (taken.type !== 'entry') return;
      for (const hear of waiting.get(nameEntry(taken.log, taken.key)) ?? []) hear(taken.at);
    },
  };
}

function nameEntry(log: LogName, key: string): string {
  return `${log}\n${key}`;
}
