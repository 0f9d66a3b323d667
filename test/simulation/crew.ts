import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Catch, catchVariant, runSeeds, type Tally } from './campaign.ts';
import type { MannerName } from './manners.ts';
import { VARIANTS } from './variants.ts';

/** Work for one thread. */
export type Task =
  | { readonly type: 'seeds'; readonly from: number; readonly count: number }
  | { readonly type: 'variant'; readonly index: number; readonly manner: MannerName; readonly most: number };

/** What a task came to. */
export type Result =
  | { readonly type: 'seeds'; readonly tally: Tally }
  | { readonly type: 'variant'; readonly caught: Catch };

/** Does all tasks on so many threads of this very file; each result is handed over as it comes. */
export async function doTasks(
  tasks: readonly Task[],
  threadCount: number,
  onResult: (result: Result) => void,
): Promise<void> {
  const left = [...tasks];
  const threads = Array.from({ length: Math.min(threadCount, left.length) }, async () => {
    // A world lives for some milliseconds: a nursery that holds several lets them die there.
    const worker = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 96 } });
    try {
      for (let task = left.shift(); task; task = left.shift()) onResult(await ask(worker, task));
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(threads);
}

/** Serves `doTasks`, when this file runs as one of its threads; false on the main one. */
export function serveTasks(): boolean {
  if (isMainThread || !parentPort) return false;
  const port = parentPort;
  Error.stackTraceLimit = 0; // simulated failures are many, and nobody reads their stacks
  port.on('message', (task: Task) => {
    doTask(task).then(
      (result) => port.postMessage(result),
      (error) => {
        throw error; // ends this thread, and so the run
      },
    );
  });
  return true;
}

async function doTask(task: Task): Promise<Result> {
  if (task.type === 'variant') {
    return {
      type: 'variant',
      caught: await catchVariant(VARIANTS[task.index] as (typeof VARIANTS)[number], task.manner, task.most),
    };
  }
  return {
    type: 'seeds',
    tally: await runSeeds(Array.from({ length: task.count }, (_, i) => ({ seed: task.from + i }))),
  };
}

function ask(worker: Worker, task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    const done = (result: Result) => {
      worker.off('error', reject);
      resolve(result);
    };
    worker.once('message', done);
    worker.once('error', reject);
    worker.postMessage(task);
  });
}
