/** The program of the worker thread that `periodogram-thread.ts` starts: computes one periodogram, reports, and ends. */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import type { Progress, Result } from '../shared/result.ts';
import { createDigest } from './digest.ts';
import type { LightCurve } from './light-curve.ts';
import { computePeriodogram } from './periodogram.ts';

/** What the thread tells its starter. */
export type WorkerReport = { type: 'progress'; progress: Progress } | { type: 'done'; result: Result };

const MIN_REPORT_INTERVAL_MS = 50;

const curve = workerData as LightCurve;
const steps = computePeriodogram(curve);
let reportedAt = Number.NEGATIVE_INFINITY;
for (let step = steps.next(); ; step = steps.next()) {
  if (step.done) {
    report({ type: 'done', result: createDigest(curve, step.value) });
    break;
  }
  const now = performance.now();
  if (now - reportedAt < MIN_REPORT_INTERVAL_MS) continue;
  reportedAt = now;
  report({ type: 'progress', progress: step.value });
}

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}
