import type { Clock, Random, Stop } from '../protocol/index.ts';
import { BrokerError } from './broker-error.ts';

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
  /**
   * Asks a session; while that is `unavailable` and there is time, asks the next, or the same again.
   * @throws {BrokerError} `unavailable` after `callTimeoutMs`, `closed`, or what else it was answered; its text begins with
   *   what was being done
   */
  attempt<T>(ask: (session: S) => Promise<T>, doing: string): Promise<T>;
  /** Ends the session, and opens no other. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** What a link works with. */
export interface LinkOptions<S extends Session> {
  /** What is linked to, for its errors. */
  readonly engine: string;
  /** `failureCount`: attempts in a row that opened none, or one that ended at once. */
  readonly open: (failureCount: number) => Promise<S>;
  /** Longest wait, in milliseconds, of a call that is attempted. */
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** A session that lasted less is none, in milliseconds. */
const SHORTEST_SESSION_MS = 1_000;
/** Pause before a call that failed is asked again, in milliseconds. */
const REPEAT_MS = 50;

/** Creates a link and opens its first session. */
export function createLink<S extends Session>(options: LinkOptions<S>): Link<S> {
  const { engine, open, callTimeoutMs, clock, random } = options;
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
    for (let failureCount = 0; !isClosed; ) {
      let openedAt = Number.POSITIVE_INFINITY;
      try {
        const opened = await open(failureCount);
        openedAt = clock.now();
        fault = await hold(opened);
      } catch (error) {
        fault = error instanceof Error ? error.message : String(error);
      }
      // One that lets in and ends it at once, time after time, is asked as seldom as one that does not.
      failureCount = clock.now() - openedAt >= SHORTEST_SESSION_MS ? 0 : failureCount + 1;
      const retryMs = Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, failureCount - 1), LAST_RETRY_MS);
      // Half of it by chance: when a server comes back, not all come at once.
      if (!isClosed) await pause(retryMs * (0.5 + random() / 2));
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

  async function getSession(end: number): Promise<S> {
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
    if (isClosed) throw new BrokerError('closed', `Cannot use ${engine}: the broker is closed`);
    if (!session) throw new BrokerError('unavailable', `Cannot use ${engine}: ${fault}`);
    return session;
  }

  return {
    getSession,
    async attempt(ask, doing) {
      const end = clock.now() + callTimeoutMs;
      for (;;) {
        const opened = await getSession(end);
        try {
          return await ask(opened);
        } catch (error) {
          if (!(error instanceof BrokerError) || error.code !== 'unavailable') throw error;
          if (isClosed) throw new BrokerError('closed', `Cannot ${doing}: the broker is closed`);
          if (clock.now() + REPEAT_MS >= end) {
            throw new BrokerError('unavailable', `Cannot ${doing}: ${error.message}`, { cause: error });
          }
        }
        await pause(REPEAT_MS);
      }
    },
    async close() {
      isClosed = true;
      closing();
      wakeAll();
      await running;
    },
  };
}
