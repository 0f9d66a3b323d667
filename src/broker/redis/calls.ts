import type { Redis } from 'ioredis';
import { awaitWithin, type Clock } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import { type Client, type Connections, end, leadersOf } from './connections.ts';
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
  /** Why there is no connection, and undefined while there is one. */
  readonly fault: string | undefined;
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
  let isClosed = false;
  let fault: string | undefined = 'not connected yet';

  client.on('ready', () => {
    fault = undefined;
    for (const { resolve } of waiting) resolve();
    waiting.clear();
  });
  // Whoever waits for the connection learns of the first attempt that failed.
  client.on('error', fail);
  client.on('close', () => fail(new Error(fault ?? 'the connection was lost')));

  function fail(error: unknown): void {
    fault = describe(error);
    for (const { reject } of waiting) reject(error);
    waiting.clear();
  }

  function isReady(): Promise<void> {
    if (client.status === 'ready') return Promise.resolve();
    return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
  }

  async function call<T>(doing: string, size: number, send: () => Promise<T>): Promise<T> {
    if (isClosed) throw createClosed(doing);
    if (count >= MAX_CALLS || bytes + size > MAX_CALL_BYTES) {
      throw new BrokerError('unavailable', `Cannot ${doing}: ${count} calls to Redis are under way, ${bytes} bytes`);
    }
    count++;
    bytes += size;
    try {
      await awaitWithin(clock, timeoutMs, isReady);
      return await awaitWithin(clock, timeoutMs, send);
    } catch (error) {
      if (isClosed) throw createClosed(doing);
      // Not ready in time: the last thing that went wrong says more than that.
      throw createFault(doing, !isReply(error) && fault !== undefined ? new Error(fault) : error, describe);
    } finally {
      count--;
      bytes -= size;
    }
  }

  async function loadLibrary(): Promise<void> {
    await Promise.all(
      leadersOf(client).map((server) =>
        server.call('FUNCTION', 'LOAD', REDIS_LIBRARY).catch((error) => {
          if (!/already exists/.test(error.message)) throw error; // another process was faster
        }),
      ),
    );
  }

  return {
    get fault() {
      return fault;
    },
    run(doing, name, keys, args) {
      const size = args.reduce<number>((sum, arg) => sum + String(arg).length, 0);
      const send = () => client.fcall(nameFunction(name), keys.length, ...keys, ...args);
      return call(doing, size, () =>
        send().catch(async (error) => {
          if (!isReply(error) || !/^ERR Function not found/i.test(error.message)) throw error;
          await loadLibrary();
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
      fail(new Error('closed'));
      await end(client, clock, timeoutMs);
    },
  };
}

function createClosed(doing: string): BrokerError {
  return new BrokerError('closed', `Cannot ${doing}: the Redis broker is closed`);
}
