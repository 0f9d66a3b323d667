import { randomUUID } from 'node:crypto';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { probeTopic } from './live-codec.ts';

/** Proves that the live end delivers: subscribes to topics that nobody used before, and waits for the proxy's answer. */
export interface Prober {
  /** Proves that what was subscribed to before is heard. Resolves to the proxy's epoch; rejects with what `createFailure` makes. */
  prove(): Promise<string>;
  /** A proof came. */
  hear(topic: string, epoch: string): void;
  close(): void;
}

/** What a prober runs on. */
export interface ProberOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly subscribe: (topic: string, isOn: boolean) => void;
  readonly createFailure: () => Error;
}

/** A probe can be lost, as any message at the live end. */
const AGAIN_MS = 1_000;

/** Creates a prober that has proven nothing. */
export function createProber({ clock, timeoutMs, subscribe, createFailure }: ProberOptions): Prober {
  const name = randomUUID();
  const waiting = new Map<string, { resolve(epoch: string): void; reject(error: Error): void }>();
  let count = 0;
  let gathering: Promise<string> | undefined;
  let isClosed = false;

  /** The proxy answers to a subscription after it took all that were sent before. */
  async function probe(): Promise<string> {
    const endsAt = clock.now() + timeoutMs;
    while (clock.now() < endsAt && !isClosed) {
      const topic = probeTopic(`${name}/${++count}`);
      try {
        return await awaitWithin(clock, AGAIN_MS, () => {
          const answer = new Promise<string>((resolve, reject) => waiting.set(topic, { resolve, reject }));
          subscribe(topic, true);
          return answer;
        });
      } catch {
        // Lost, or nobody is there: the next one tells.
      } finally {
        waiting.delete(topic);
        subscribe(topic, false);
      }
    }
    throw createFailure();
  }

  return {
    prove() {
      // Who asks in one turn shares a probe, which is sent after all their subscriptions.
      gathering ??= Promise.resolve().then(() => {
        gathering = undefined;
        return probe();
      });
      return gathering;
    },
    hear: (topic, epoch) => waiting.get(topic)?.resolve(epoch),
    close() {
      isClosed = true;
      for (const { reject } of [...waiting.values()]) reject(createFailure());
    },
  };
}
