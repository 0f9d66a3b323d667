import { Worker } from 'node:worker_threads';
import type { Progress, Result } from '../shared/result.ts';
import type { LightCurve } from './light-curve.ts';
import { PeriodogramError } from './periodogram-error.ts';
import type { WorkerReport } from './periodogram-worker.ts';

export interface PeriodogramThreadOptions {
  /** The worker's program, as JavaScript. @default the one built beside this file */
  workerUrl?: URL;
  /** Computations that may wait behind the one under way; a further one is refused as `busy`. @default 32 */
  maxWaitingCount?: number;
  /** Longest computation, in milliseconds, not counting the wait. @default 120_000 */
  timeoutMs?: number;
}

/** One worker thread's time, shared out among whoever asks: computations run one after the other. */
export interface PeriodogramThread {
  /**
   * Computes the periodogram of a curve. `onProgress` is called at most 20 times a second.
   * @throws {PeriodogramError} also when `signal` is aborted: `cancelled`.
   */
  compute(
    curve: LightCurve,
    options?: { signal?: AbortSignal; onProgress?: (progress: Progress) => void },
  ): Promise<Result>;
  /** Ends the computation under way and all that wait, as `closed`. Resolves once the thread has ended. */
  close(): Promise<void>;
}

interface Job {
  curve: LightCurve;
  onProgress: (progress: Progress) => void;
  /** Settles the caller's promise; every call after the first does nothing. */
  settle(outcome: Result | PeriodogramError): void;
  isSettled: boolean;
  /** Called once settled, while the job is under way. */
  stop(): void;
}

export function createPeriodogramThread(options: PeriodogramThreadOptions = {}): PeriodogramThread {
  const { workerUrl = new URL('./periodogram-worker.js', import.meta.url), maxWaitingCount = 32 } = options;
  const { timeoutMs = 120_000 } = options;
  const waiting: Job[] = [];
  let current: Job | undefined;
  let turning: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function turn(): Promise<void> {
    for (current = waiting.shift(); current; current = waiting.shift()) await run(current, workerUrl, timeoutMs);
  }

  return {
    compute(curve, { signal, onProgress = () => {} } = {}) {
      if (isClosed) return Promise.reject(new PeriodogramError('closed', 'the server is stopping'));
      if (signal?.aborted) return Promise.reject(cancelled());
      if (waiting.length >= maxWaitingCount) {
        return Promise.reject(new PeriodogramError('busy', `the queue is full, with ${waiting.length} waiting`));
      }
      return new Promise((resolve, reject) => {
        const job: Job = {
          curve,
          onProgress,
          isSettled: false,
          stop: () => {},
          settle(outcome) {
            if (job.isSettled) return;
            job.isSettled = true;
            signal?.removeEventListener('abort', cancel);
            if (waiting.includes(job)) waiting.splice(waiting.indexOf(job), 1);
            if (outcome instanceof PeriodogramError) reject(outcome);
            else resolve(outcome);
            job.stop();
          },
        };
        const cancel = () => job.settle(cancelled());
        signal?.addEventListener('abort', cancel);
        waiting.push(job);
        if (!current) turning = turn();
      });
    },
    async close() {
      isClosed = true;
      for (const job of [...waiting, ...(current ? [current] : [])]) {
        job.settle(new PeriodogramError('closed', 'the server is stopping'));
      }
      await turning;
    },
  };
}

/** Runs one job in a thread of its own, which has ended when the promise resolves: there are never two. */
async function run(job: Job, workerUrl: URL, timeoutMs: number): Promise<void> {
  // The thread reads no environment, so it gets none: no secret to leak.
  const worker = new Worker(workerUrl, {
    workerData: job.curve,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  const timer = setTimeout(() => {
    job.settle(new PeriodogramError('timed-out', `it took more than ${timeoutMs} ms`));
  }, timeoutMs);
  await new Promise<void>((resolve) => {
    job.stop = resolve;
    worker.on('message', (report: WorkerReport) => {
      if (job.isSettled) return;
      if (report.type === 'done') job.settle(report.result);
      else job.onProgress(report.progress);
    });
    worker.on('error', (cause) => job.settle(new PeriodogramError('crashed', 'its thread failed', { cause })));
    worker.on('exit', (code) => job.settle(new PeriodogramError('crashed', `its thread ended with code ${code}`)));
  });
  clearTimeout(timer);
  await worker.terminate();
}

function cancelled(): PeriodogramError {
  return new PeriodogramError('cancelled', 'it was cancelled');
}
