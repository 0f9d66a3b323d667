import type { Clock, Random, Stop } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';

/** A connection that works, with what lives as long as it. */
export interface Session {
  /** Settles, with the reason, once it does not work any more. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Keeps one session open: opens another whenever one ended. */
export interface Link<S extends Session> {
  /**
   * The open session; waits for one until `end` on the clock.
   * @throws {BrokerError} `unavailable`, `closed`
   */
  getSession(end: number): Promise<S>;
  /** Lets time pass, in milliseconds; less when the link is closed. */
  pause(ms: number): Promise<void>;
  /** Ends the session, and opens no other. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** What a link works with. */
export interface LinkOptions<S extends Session> {
  readonly open: () => Promise<S>;
  readonly clock: Clock;
  readonly random: Random;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/** Creates a link and opens its first session. */
export function createLink<S extends Session>({ open, clock, random }: LinkOptions<S>): Link<S> {
  const waiting = new Set<() => void>();
  let session: S | undefined;
  let fault = 'it is being connected to';
  let isClosed = false;
  let closing: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    closing = resolve;
  });
  const running = run();

  async function run(): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; !isClosed; ) {
      try {
        const opened = await open();
        retryMs = FIRST_RETRY_MS;
        fault = await hold(opened);
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      }
      // Half of it by chance: when a server comes back, not all come at once.
      if (!isClosed) await pause(retryMs * (0.5 + random() / 2));
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Keeps a session until it ends; says why it did. */
  async function hold(opened: S): Promise<string> {
    if (!isClosed) {
      session = opened;
      wakeAll();
    }
    const reason = await Promise.race([opened.ended, closed.then(() => 'it is closed')]);
    session = undefined;
    await opened.close();
    return reason;
  }

  async function pause(ms: number): Promise<void> {
    let stop: Stop = () => {};
    const passed = new Promise<void>((resolve) => {
      stop = clock.after(ms, resolve);
    });
    await Promise.race([passed, closed]);
    stop();
  }

  function wakeAll(): void {
    for (const wake of waiting) wake();
    waiting.clear();
  }

  return {
    async getSession(end) {
      if (!session && !isClosed && clock.now() < end) {
        await new Promise<void>((resolve) => {
          const stop = clock.after(end - clock.now(), wake);
          function wake(): void {
            stop();
            waiting.delete(wake);
            resolve();
          }
          waiting.add(wake);
        });
      }
      if (isClosed) throw new BrokerError('closed', 'Cannot use NATS: the broker is closed');
      if (!session) throw new BrokerError('unavailable', `Cannot use NATS: ${fault}`);
      return session;
    },
    pause,
    async close() {
      isClosed = true;
      closing();
      wakeAll();
      await running;
    },
  };
}
