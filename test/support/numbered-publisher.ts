import { setTimeout as delay } from 'node:timers/promises';
import { createFlow, FlowError } from 'message-flow/backend';
import { onTestFinished } from 'vitest';
import { observatory } from '../../examples/observatory/shared/contract.ts';
import type { Pool } from './pool.ts';

/** Slow enough that what is said while a stuck program waits for its end is still kept. */
const INTERVAL_MS = 40;

/** Another program that speaks to a user, one numbered message after the other. */
export interface NumberedPublisher {
  /** The latest that the broker has acknowledged. */
  readonly acknowledged: number;
  /** Says no more. Resolves to the last number. */
  stop(): Promise<number>;
}

/** Starts one beside a pool: `1`, `2`, … as `TASK DONE`, each said again with its key until the broker has it; ends with the test. */
export function startNumberedPublisher(pool: Pool, user: string): NumberedPublisher {
  const { brokerUrl: broker, secret } = pool;
  const flow = createFlow(observatory, { broker, secret, authenticate: () => undefined });
  let acknowledged = 0;
  let isStopping = false;
  let isEnding = false;

  async function say(number: number): Promise<void> {
    for (;;) {
      try {
        await flow.user(user).send('TASK DONE', String(number), { key: `number ${number}` });
        return;
      } catch (error) {
        if (!(error instanceof FlowError) || error.code !== 'unavailable' || isEnding) throw error;
        await delay(INTERVAL_MS);
      }
    }
  }

  async function sayAll(): Promise<void> {
    try {
      while (!isStopping) {
        await say(acknowledged + 1);
        acknowledged++;
        await delay(INTERVAL_MS);
      }
    } finally {
      await flow.close();
    }
  }

  const said = sayAll();
  onTestFinished(async () => {
    isStopping = true;
    isEnding = true;
    await said.catch(() => {}); // of a test that failed already
  });
  return {
    get acknowledged() {
      return acknowledged;
    },
    async stop() {
      isStopping = true;
      await said;
      return acknowledged;
    },
  };
}
