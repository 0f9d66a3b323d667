import { awaitWithin, EVERYONE, findPositionParts, type LogName, type Position } from '../../protocol/index.ts';
import type { Broker, Entry, Health, Reading } from '../broker.ts';
import { BrokerError } from '../broker-error.ts';
import { processClock } from '../process-clock.ts';
import type { Answer } from './answer-codec.ts';
import { createAsker } from './asker.ts';
import { findEntryFault } from './entry-codec.ts';
import { createLiveEnd } from './live-end.ts';
import { loadZeromq } from './load-zeromq.ts';
import type { Place } from './place.ts';
import { MAX_NAMES, type Request } from './request-codec.ts';

/** How long the proxy remembers a key, in milliseconds. */
export const KEY_WINDOW_MS = 600_000;

/** Shorter than a gateway waits for its broker's word. */
const HEALTH_TIMEOUT_MS = 1_500;
const MAX_READ_ATTEMPTS = 3;

/**
 * Speaks to the message proxy at a place: `message-flow proxy` keeps the logs. Connects by itself, now and whenever the
 * proxy comes back; until then calls reject with `unavailable` after 5 s.
 * @throws {BrokerError} `refused` where the package `zeromq` can't be used
 */
export function createZeromqBroker(place: Place): Broker {
  const zeromq = loadZeromq();
  const listeners = new Set<(logs: readonly LogName[] | 'all') => void>();
  const live = createLiveEnd(zeromq, place, processClock, (logs) => {
    for (const listener of [...listeners]) listener(logs);
  });
  const asker = createAsker(zeromq, place, processClock, live.mend);
  let isClosed = false;
  let isWell = true;
  let since = Date.now();

  async function ask<T extends Answer['type']>(request: Request, type: T): Promise<Extract<Answer, { type: T }>> {
    const answer = await asker.ask(request);
    if (answer.type === 'failed') throw new BrokerError(answer.code, `Cannot use the broker: ${answer.message}`);
    if (answer.type === type) return answer as Extract<Answer, { type: T }>;
    throw new BrokerError(
      'unavailable',
      `Cannot use the broker: ${place.address} answered ${answer.type}, not ${type}`,
    );
  }

  /** Undefined when the log was trimmed while it was read, so that what was read can't be told whole. */
  async function readParts(
    log: LogName,
    after: Parameters<Broker['read']>[1],
    limit: number,
  ): Promise<Reading | undefined> {
    const { reading, hasMore } = await ask({ type: 'read', log, after, limit }, 'read');
    const entries: Entry[] = [...reading.entries];
    let { top } = reading;
    for (let goesOn = hasMore; goesOn && entries.length < limit; ) {
      const from = (entries.at(-1) as Entry).at;
      const next = await ask({ type: 'read', log, after: from, limit: limit - entries.length }, 'read');
      if (next.reading.gap) return undefined;
      entries.push(...next.reading.entries);
      top = next.reading.top;
      goesOn = next.hasMore && next.reading.entries.length > 0;
    }
    return { ...reading, entries, top };
  }

  async function findFault(): Promise<string | undefined> {
    if (isClosed) return 'closed';
    try {
      const [epoch, answer] = await awaitWithin(processClock, HEALTH_TIMEOUT_MS, () =>
        Promise.all([live.prove(), ask({ type: 'tops', logs: [EVERYONE] }, 'tops')]),
      );
      const isOne = findPositionParts(answer.tops.get(EVERYONE) ?? '')?.epoch === epoch;
      return isOne ? undefined : `the two sockets of ${place.address} are of two message proxies; end one`;
    } catch (error) {
      if (isClosed) return 'closed';
      if (error instanceof BrokerError) return error.message;
      return asker.describeSilence(HEALTH_TIMEOUT_MS);
    }
  }

  return {
    capabilities: { durable: false, interest: true, keyWindowMs: KEY_WINDOW_MS },
    async append(log, entry) {
      const fault = findEntryFault(entry);
      if (fault !== undefined && !isClosed) throw new BrokerError('refused', `Cannot append to "${log}": ${fault}`);
      const { key, event, data } = entry;
      return (await ask({ type: 'append', log, entry: { key, event, data } }, 'appended')).at;
    },
    async read(log, after, limit) {
      for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt++) {
        const reading = await readParts(log, after, limit);
        if (reading) return reading;
      }
      throw new BrokerError('unavailable', `Cannot read "${log}": it is trimmed faster than it is read`);
    },
    tail: (log, onEntry) => live.follow(log, onEntry),
    async tops(logs) {
      const parts: Promise<ReadonlyMap<LogName, Position>>[] = [];
      for (let i = 0; i < logs.length || i === 0; i += MAX_NAMES) {
        parts.push(ask({ type: 'tops', logs: logs.slice(i, i + MAX_NAMES) }, 'tops').then(({ tops }) => tops));
      }
      return new Map((await Promise.all(parts)).flatMap((tops) => [...tops]));
    },
    on(_, listener) {
      const told: typeof listener = (logs) => listener(logs);
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    async health(): Promise<Health> {
      const reason = await findFault();
      if ((reason === undefined) !== isWell) {
        isWell = reason === undefined;
        since = Date.now();
      }
      return reason === undefined ? { ok: true, since } : { ok: false, since, reason };
    },
    async close() {
      isClosed = true;
      listeners.clear();
      live.close();
      asker.close();
    },
  };
}
