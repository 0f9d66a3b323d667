import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { LightCurve } from '../../../examples/observatory/back/light-curve.ts';
import {
  createPeriodogramThread,
  type PeriodogramThread,
  type PeriodogramThreadOptions,
} from '../../../examples/observatory/back/periodogram-thread.ts';
import type { Progress } from '../../../examples/observatory/shared/result.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const WORKER = fileURLToPath(new URL('../../../examples/observatory/back/periodogram-worker.ts', import.meta.url));

let program: string;

// Node 20 runs no TypeScript, and a worker is started by Node, not by Vitest.
beforeAll(async () => {
  const bundle = await rolldown({ input: WORKER, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  program = output[0].code;
});

async function createThread(options: PeriodogramThreadOptions = {}, code = program): Promise<PeriodogramThread> {
  const path = join(await createTemporaryFolder(), 'worker.mjs');
  await writeFile(path, code);
  const thread = createPeriodogramThread({ workerUrl: pathToFileURL(path), ...options });
  onTestFinished(() => thread.close());
  return thread;
}

function sampleWave(pointCount: number): LightCurve {
  const times = Float64Array.from({ length: pointCount }, (_, i) => i + 0.4 * Math.sin(i * i));
  const values = times.map((time) => Math.sin(time / 3));
  return { timeUnit: 'day', timeName: 't', valueName: 'v', times, values };
}

/** Resolves with the first progress of a computation, and what will come of that. */
function begin(
  thread: PeriodogramThread,
  signal?: AbortSignal,
): { begun: Promise<Progress>; outcome: Promise<unknown> } {
  let onProgress: (progress: Progress) => void = () => {};
  const begun = new Promise<Progress>((resolve) => {
    onProgress = resolve;
  });
  const computation = thread.compute(sampleWave(20_000), { onProgress, ...(signal && { signal }) });
  return { begun, outcome: computation.catch((error: unknown) => error) };
}

/** The worker looks at the time once a step. */
const TEN_MS_A_STEP = '{ let now = 0; globalThis.performance.now = () => (now += 10); }\n';
const ENDLESS = 'setInterval(() => {}, 1000)';

describe('a periodogram thread', () => {
  test('computes, and says how far it has come', async () => {
    const thread = await createThread();
    const reports: Progress[] = [];
    const result = await thread.compute(sampleWave(5_000), { onProgress: (progress) => reports.push(progress) });
    expect(result.best?.period).toBeCloseTo(6 * Math.PI, 1);
    expect(reports.length).toBeGreaterThan(0);
    expect(reports.every(({ done }, i) => done > (reports[i - 1]?.done ?? 0))).toBe(true);
  });

  test('says so at most twenty times a second: of steps that take 10 ms each, after every fifth', async () => {
    const thread = await createThread({}, TEN_MS_A_STEP + program);
    const reports: number[] = [];
    await thread.compute(sampleWave(5_000), { onProgress: ({ done }) => reports.push(done) });
    const [first = 0] = reports;
    expect(reports.length).toBeGreaterThan(2);
    expect(reports).toEqual(reports.map((_, i) => first * (1 + 5 * i)));
  });

  test('runs one computation at a time, in order', async () => {
    const thread = await createThread();
    const log: string[] = [];
    const compute = (name: string) =>
      thread.compute(sampleWave(500), { onProgress: () => log.push(name) }).then(() => log.push(`${name} done`));
    await Promise.all([compute('first'), compute('second')]);
    expect(log.indexOf('first done')).toBeLessThan(log.indexOf('second'));
    expect(log.at(-1)).toBe('second done');
  });

  test('refuses as busy once enough are waiting', async () => {
    const thread = await createThread({ maxWaitingCount: 1 }, ENDLESS);
    const outcomes = [begin(thread), begin(thread), begin(thread)].map(({ outcome }) => outcome);
    expect(await outcomes[2]).toMatchObject({
      code: 'busy',
      message: 'Cannot compute periodogram: the queue is full, with 1 waiting',
    });
    await thread.close();
    expect(await Promise.all(outcomes.slice(0, 2))).toMatchObject([{ code: 'closed' }, { code: 'closed' }]);
  });

  test('a computation can be cancelled under way, and the next one runs', async () => {
    const thread = await createThread();
    const stop = new AbortController();
    const { begun, outcome } = begin(thread, stop.signal);
    const next = thread.compute(sampleWave(100));
    await begun;
    stop.abort();
    expect(await outcome).toMatchObject({ code: 'cancelled' });
    expect((await next).pointCount).toBe(100);
  });

  test('a computation can be cancelled while it waits, and makes room', async () => {
    const thread = await createThread({ maxWaitingCount: 1 }, ENDLESS);
    begin(thread);
    const stop = new AbortController();
    const { outcome } = begin(thread, stop.signal);
    stop.abort();
    expect(await outcome).toMatchObject({ code: 'cancelled' });
    const third = begin(thread);
    await thread.close();
    expect(await third.outcome).toMatchObject({ code: 'closed' });
  });

  test('a computation whose signal is aborted already never begins', async () => {
    const thread = await createThread();
    expect(await begin(thread, AbortSignal.abort()).outcome).toMatchObject({ code: 'cancelled' });
  });

  test('a computation that takes too long is ended', async () => {
    const thread = await createThread({ timeoutMs: 50 }, ENDLESS);
    expect(await begin(thread).outcome).toMatchObject({
      code: 'timed-out',
      message: 'Cannot compute periodogram: it took more than 50 ms',
    });
  });

  test.each([
    ['throws', "throw new Error('out of luck')"],
    ['ends early', 'process.exit(3)'],
    ['is not there', undefined],
  ])('a program that %s fails its computation, not the server', async (_, code) => {
    const missing = { workerUrl: pathToFileURL(join(await createTemporaryFolder(), 'missing.mjs')) };
    const thread = await createThread(code === undefined ? missing : {}, code);
    expect(await begin(thread).outcome).toMatchObject({ code: 'crashed' });
    expect(await begin(thread).outcome).toMatchObject({ code: 'crashed' });
  });

  test('a closed thread takes nothing more', async () => {
    const thread = await createThread();
    await thread.close();
    expect(await begin(thread).outcome).toMatchObject({ code: 'closed' });
  });
});
