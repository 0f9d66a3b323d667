import { type Broker, createMemoryBroker, type NewEntry } from 'message-flow/broker';
import type { LogName } from 'message-flow/protocol';

/** An append that waits to be answered. */
export interface HeldAppend {
  readonly log: LogName;
  readonly entry: NewEntry;
  /** Stores it and answers. */
  answer(): Promise<void>;
  fail(error: Error): void;
}

/** The memory broker behind a link that a test opens and shuts: every append waits for the test's word. */
export function createHeldBroker(): { readonly broker: Broker; readonly held: HeldAppend[] } {
  const memory = createMemoryBroker();
  const held: HeldAppend[] = [];
  const append: Broker['append'] = (log, entry) =>
    new Promise((resolve, reject) => {
      const answer = async () => resolve(await memory.append(log, entry));
      held.push({ log, entry, answer, fail: reject });
    });
  return { broker: { ...memory, append }, held };
}
