import type { LogName, StartPosition } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { createRelay, type Relay, type RelayOptions, type Subscription } from '../../src/gateway/relay.ts';
import { until } from '../support/until.ts';
import { createCountingFrames, type TextFrame } from './fake-host.ts';
import { createFakeTime, type FakeTime } from './fake-time.ts';
import { createFaultyBroker, type FaultyBroker } from './faulty-broker.ts';

export const LOG = 'channel/a' as LogName;

/** A follower that takes all it can and notes it: keys of entries, `GAP trimmed`, `LIVE`. */
export interface Reader {
  readonly subscription: Subscription;
  readonly told: string[];
  /** True: it takes nothing. */
  isPaused: boolean;
  takeAll(): void;
}

/** A relay over a broker that a test breaks. */
export interface TestRelay {
  readonly relay: Relay<TextFrame>;
  readonly broker: FaultyBroker;
  readonly time: FakeTime;
  /** What was under way when something went wrong. */
  readonly faults: string[];
  follow(log: LogName, after: StartPosition, maxBytes?: number): Reader;
}

export function startRelay(options: Partial<RelayOptions<TextFrame>> = {}, broker = createFaultyBroker()): TestRelay {
  const time = createFakeTime();
  const faults: string[] = [];
  const { encode, join } = createCountingFrames();
  const relay = createRelay<TextFrame>({
    broker,
    codec: () => ({ encode: ({ key, data }) => ({ ...encode(key), byteLength: data.length }), join }),
    clock: time.clock,
    defer: setImmediate,
    readLimit: 256,
    lingerMs: 60_000,
    maxRingEntries: 1_024,
    maxRingBytes: 4 * 1_048_576,
    maxMemoryBytes: 64 * 1_048_576,
    maxReads: 32,
    onFault: ({ during }) => faults.push(during),
    ...options,
  });
  onTestFinished(() => relay.close());
  return {
    relay,
    broker,
    time,
    faults,
    follow(log, after, maxBytes = 65_536) {
      const told: string[] = [];
      const reader: Reader = {
        subscription: { log, follower: { markReady: () => {}, pump: () => reader.takeAll() } },
        told,
        isPaused: false,
        takeAll() {
          for (let hasMore = !reader.isPaused; hasMore; ) {
            const taking = relay.take(reader.subscription, maxBytes);
            hasMore = taking.hasMore;
            for (const delivery of taking.deliveries) {
              if (delivery.type === 'entries') told.push(...delivery.chunk.frame.texts);
              else told.push(delivery.type === 'gap' ? `GAP ${delivery.reason}` : 'LIVE');
            }
          }
        },
      };
      relay.follow(reader.subscription, after);
      return reader;
    },
  };
}

/** The keys of entries that `append` made. */
export function keys(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `key ${first + i}`);
}

/** Waits until readers heard LIVE. */
export async function live(...readers: Reader[]): Promise<void> {
  await until(() => readers.every(({ told }) => told.includes('LIVE')), 'LIVE');
}
