import { expect, onTestFinished, test } from 'vitest';
import { type Archive, createArchive } from '../../../examples/observatory/back/archive.ts';
import { createDesk, type Desk } from '../../../examples/observatory/back/desk.ts';
import type { NoticeBoard } from '../../../examples/observatory/back/notice-board.ts';
import { PeriodogramError, type PeriodogramErrorCode } from '../../../examples/observatory/back/periodogram-error.ts';
import type { PeriodogramThread } from '../../../examples/observatory/back/periodogram-thread.ts';
import type { Result } from '../../../examples/observatory/shared/result.ts';
import { until } from '../../support/until.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const CSV = new TextEncoder().encode(Array.from({ length: 12 }, (_, i) => `${i},${i % 3}\n`).join(''));
const RESULT = { pointCount: 12 } as Result;

/** A desk whose computations end as told, and what it told its users. */
function openDesk(
  archive: Archive,
  compute: PeriodogramThread['compute'],
  { isBrokerAway = false, server = 'web-1' } = {},
) {
  const told: string[] = [];
  const errors: unknown[] = [];
  const board: NoticeBoard = {
    tellQueued: ({ fileName }) => told.push(`${fileName} queued`),
    tellProgress: ({ fileName }) => told.push(`${fileName} running`),
    async tellOutcome({ fileName }, { type }, signal) {
      if (isBrokerAway) await aborted(signal);
      told.push(`${fileName} ${type}`);
    },
  };
  const desk: Desk = createDesk({
    server,
    archive,
    board,
    thread: { compute, close: async () => {} },
    onError: (error) => errors.push(error),
  });
  onTestFinished(async () => {
    await desk.close();
    expect(errors).toEqual([]);
  });
  return { desk, told };
}

/** Rejects once it is asked to. */
async function aborted(signal: AbortSignal | undefined): Promise<never> {
  return await new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}

function fail(code: PeriodogramErrorCode): PeriodogramThread['compute'] {
  return () => Promise.reject(new PeriodogramError(code, 'so it is'));
}

test('an upload is answered at once, and its outcome is told', async () => {
  const { desk, told } = openDesk(createArchive(await createTemporaryFolder()), async () => RESULT);
  const run = await desk.post('ada', 'a.csv', CSV);
  expect(run.state).toEqual({ type: 'queued' });
  await until(() => told.includes('a.csv done'), 'the outcome');
  expect(told).toEqual(['a.csv queued', 'a.csv done']);
  expect((await desk.list('ada')).map(({ state }) => state)).toEqual([{ type: 'done', result: RESULT }]);
});

test.each([
  ['timed-out', 'failed'],
  ['crashed', 'failed'],
  ['busy', 'failed'],
  ['cancelled', 'cancelled'],
] as const)('a computation that ends as %s is told as %s', async (code, type) => {
  const { desk, told } = openDesk(createArchive(await createTemporaryFolder()), fail(code));
  await desk.post('ada', 'a.csv', CSV);
  await until(() => told.includes(`a.csv ${type}`), 'the outcome');
});

test('what a server did not finish, the next one does, and nobody does again', async () => {
  const archive = createArchive(await createTemporaryFolder());
  const first = openDesk(archive, fail('closed'));
  await first.desk.post('ada', 'a.csv', CSV);
  await first.desk.close();
  const next = openDesk(archive, async () => RESULT);
  await next.desk.recover();
  expect(next.told).toEqual(['a.csv done']);
  const third = openDesk(archive, async () => RESULT);
  await third.desk.recover();
  expect(third.told).toEqual([]);
});

test('an outcome that no broker took is told at the next start, and not computed again', async () => {
  const archive = createArchive(await createTemporaryFolder());
  const first = openDesk(archive, async () => RESULT, { isBrokerAway: true });
  const { id } = await first.desk.post('ada', 'a.csv', CSV);
  while (!(await archive.findOutcome('ada', id)));
  await first.desk.close();
  const next = openDesk(archive, fail('crashed'));
  await next.desk.recover();
  expect(next.told).toEqual(['a.csv done']);
});

/** Says how far it is, time and again, and ends when it is cancelled. */
const endless: PeriodogramThread['compute'] = async (_, { signal, onProgress } = {}) => {
  const timer = setInterval(() => onProgress?.({ done: 1, total: 2 }), 20);
  await aborted(signal).catch(() => {});
  clearInterval(timer);
  throw new PeriodogramError('cancelled', 'asked to');
};

test('what fell with its server in the middle is told as failed when that one is back, once, and by no other', async () => {
  const archive = createArchive(await createTemporaryFolder());
  const fallen = openDesk(archive, endless);
  const { id } = await fallen.desk.post('ada', 'a.csv', CSV);
  await until(() => archive.isBegun('ada', id), 'the computation');
  const beside = openDesk(archive, async () => RESULT, { server: 'web-2' });
  await beside.desk.recover();
  const back = openDesk(archive, async () => RESULT);
  await back.desk.recover();
  await openDesk(archive, async () => RESULT).desk.recover();
  expect([beside.told, back.told]).toEqual([[], ['a.csv failed']]);
});

test('what was ended in good order begins anew', async () => {
  const archive = createArchive(await createTemporaryFolder());
  const first = openDesk(archive, async (_, { onProgress } = {}) => {
    onProgress?.({ done: 1, total: 2 });
    throw new PeriodogramError('closed', 'so it is');
  });
  await first.desk.post('ada', 'a.csv', CSV);
  await first.desk.close();
  const next = openDesk(archive, async () => RESULT);
  await next.desk.recover();
  expect(next.told).toEqual(['a.csv done']);
});

test('a run is cancelled by whichever server is asked, and told by one', async () => {
  const archive = createArchive(await createTemporaryFolder());
  const owner = openDesk(archive, endless);
  const asked = openDesk(archive, endless, { server: 'web-2' });
  const { id } = await owner.desk.post('ada', 'a.csv', CSV);
  await until(() => archive.isBegun('ada', id), 'the computation');
  expect(await asked.desk.cancel('bob', id)).toBe(false);
  expect(await asked.desk.cancel('ada', id)).toBe(true);
  await until(() => asked.told.includes('a.csv cancelled'), 'the outcome');
  await until(async () => !(await owner.desk.cancel('ada', id)), 'the computation to end');
  expect(owner.told).not.toContain('a.csv cancelled');
});

test("nobody cancels another's run", async () => {
  const compute: PeriodogramThread['compute'] = async (_, options) => {
    await aborted(options?.signal).catch(() => {});
    throw new PeriodogramError('cancelled', 'asked to');
  };
  const { desk, told } = openDesk(createArchive(await createTemporaryFolder()), compute);
  const { id } = await desk.post('ada', 'a.csv', CSV);
  expect(await desk.cancel('bob', id)).toBe(false);
  expect(await desk.cancel('ada', id)).toBe(true);
  await until(() => told.includes('a.csv cancelled'), 'the outcome');
});
