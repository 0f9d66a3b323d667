import type { Redis } from 'ioredis';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { type Client, type Connections, canSend, end, leadersOf } from './connections.ts';
import { createFault, type DescribeFault, isReply } from './fault.ts';
import { nameFunction, REDIS_LIBRARY, type RedisFunction } from './library.ts';

/** Asks Redis. Every call settles within a time limit, and rejects with a `BrokerError` that says what was being done. */
export interface Calls {
  /** Calls a function of our library, where the keys are; loads the library where it is not. */
  run(
    doing: string,
    name: RedisFunction,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown>;
  /** Tells those who listen to a channel. */
  publish(channel: string, text: string): Promise<void>;
  /** Asks something of any server. */
  ask<T>(doing: string, question: (client: Client) => Promise<T>): Promise<T>;
  /** Asks the same of every leader; what is wrong with one rejects. */
  askAll<T>(doing: string, question: (server: Redis) => Promise<T>): Promise<readonly T[]>;
  /** Makes the error that a call rejects with, of what went wrong in it. */
  explain(doing: string, error: unknown): BrokerError;
  close(): Promise<void>;
}

/** Calls that may be under way at once; more are refused, so that a server that is slow costs a bounded memory. */
const MAX_CALLS = 10_000;
const MAX_CALL_BYTES = 64 * 1_048_576;

/** Creates calls over a connection of their own. */
export function createCalls(
  connections: Connections,
  {
    clock,
    timeoutMs,
    describe,
  }: { readonly clock: Clock; readonly timeoutMs: number; readonly describe: DescribeFault },
): Calls {
  const client = connections.openClient();
  const waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  let count = 0;
  let bytes = 0;
  let hasConnected = false;
  let isClosed = false;
  let fault: string | undefined;

  client.on('ready', () => {
    hasConnected = true;
    fault = undefined;
    for (const { resolve } of waiting) resolve();
    waiting.clear();
  });
  client.on('error', (error) => {
    fault = describe(error);
    if (!hasConnected) giveUp();
  });
  client.on('close', () => {
    fault ??= 'the connection was lost';
    // Whoever waits learns of an attempt that failed; after a loss there is another one at once.
    if (!hasConnected) giveUp();
    hasConnected = false;
  });

  function giveUp(): void {
    for (const { reject } of waiting) reject(new Error(fault));
    waiting.clear();
  }

  function isReady(): Promise<void> {
    if (canSend(client)) return Promise.resolve();
    return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
  }

  /** The error to tell: what is wrong with the connection says more than that nothing came. */
  function explain(doing: string, error: unknown): BrokerError {
    if (isClosed) return new BrokerError('closed', `Cannot ${doing}: the Redis broker is closed`);
    return createFault(
      doing,
      isReply(error) || fault === undefined || canSend(client) ? error : new Error(fault),
      describe,
    );
  }

  async function call<T>(doing: string, size: number, send: () => Promise<T>): Promise<T> {
    if (isClosed) throw explain(doing, undefined);
    if (count >= MAX_CALLS || bytes + size > MAX_CALL_BYTES) {
      throw new BrokerError('unavailable', `Cannot ${doing}: ${count} calls to Redis are under way, ${bytes} bytes`);
    }
    count++;
    bytes += size;
    const release = () => {
      count--;
      bytes -= size;
    };
    let sent: Promise<T> | undefined;
    try {
      await awaitWithin(clock, timeoutMs, isReady);
      const sending = send();
      sent = sending;
      return await awaitWithin(clock, timeoutMs, () => sending);
    } catch (error) {
      throw explain(doing, error);
    } finally {
      // What nobody waits for any longer is still held by the driver, until a server that is slow has answered it.
      if (sent) void sent.then(release, release);
      else release();
    }
  }

  async function loadLibrary(doing: string): Promise<void> {
    const load = (server: Redis) => server.call('FUNCTION', 'LOAD', REDIS_LIBRARY);
    const loaded = await Promise.allSettled(leadersOf(client).map(load));
    for (const result of loaded) {
      if (result.status === 'fulfilled' || /already exists/.test(result.reason.message)) continue; // another was faster
      if (!/^NOPERM/.test(result.reason.message)) throw result.reason;
      throw new BrokerError(
        'refused',
        `Cannot ${doing}: Redis lacks our functions, and this account may not load them: let another load REDIS_LIBRARY of message-flow/broker/redis`,
      );
    }
  }

  return {
    explain,
    run(doing, name, keys, args) {
      const size = args.reduce<number>((sum, arg) => sum + String(arg).length, 0);
      const send = () => client.fcall(nameFunction(name), keys.length, ...keys, ...args);
      return call(doing, size, () =>
        send().catch(async (error) => {
          if (!isReply(error) || !/^ERR Function not found/i.test(error.message)) throw error;
          await loadLibrary(doing);
          return send();
        }),
      );
    },
    async publish(channel, text) {
      await call('publish', text.length, () => client.spublish(channel, text));
    },
    ask: (doing, question) => call(doing, 0, () => question(client)),
    askAll: (doing, question) => call(doing, 0, () => Promise.all(leadersOf(client).map(question))),
    async close() {
      isClosed = true;
      giveUp();
      await end(client, clock, timeoutMs);
    },
  };
}
