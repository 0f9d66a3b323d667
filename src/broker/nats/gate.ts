import { BrokerError } from '../broker-error.ts';

/** Lets few calls to the server run at once; the others wait, in order. */
export interface Gate {
  /**
   * Runs `work` when its turn comes; `bytes` is what it holds in memory until then.
   * @throws {BrokerError} `unavailable` when too much waits already
   */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T>;
}

/** Calls under way at once: enough to fill the way to a server, too few to drown it. */
const MAX_RUNNING = 256;
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 64 * 1_048_576;

/** Creates a gate through which nothing went yet. */
export function createGate(): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  let waitingBytes = 0;

  return {
    async run(bytes, work) {
      if (running >= MAX_RUNNING) {
        if (waiting.length >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES) {
          throw new BrokerError(
            'unavailable',
            `Cannot ask NATS: ${waiting.length} calls of ${waitingBytes} bytes wait`,
          );
        }
        waitingBytes += bytes;
        await new Promise<void>((resolve) => waiting.push(resolve)); // whoever ends hands its place on
        waitingBytes -= bytes;
      } else running++;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    },
  };
}
