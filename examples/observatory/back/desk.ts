import { randomUUID } from 'node:crypto';
import type { Progress } from '../shared/result.ts';
import type { Outcome, Run } from '../shared/run.ts';
import type { Upload } from '../shared/upload.ts';
import type { Archive } from './archive.ts';
import { settleOutcome, thinProgress } from './computation.ts';
import { type LightCurve, parseLightCurve } from './light-curve.ts';
import { describe, type NoticeBoard } from './notice-board.ts';
import type { PeriodogramThread } from './periodogram-thread.ts';

const PROGRESS_INTERVAL_MS = 150;

export interface DeskOptions {
  archive: Archive;
  thread: PeriodogramThread;
  board: NoticeBoard;
  /** Hears of what failed and will be tried again at the next start. */
  onError: (error: unknown) => void;
}

/** Takes files, has them computed, and tells their users what comes of it. */
export interface Desk {
  /**
   * Takes a file; resolves once it is kept. Its computation goes on after that, whatever becomes of the request.
   * @throws {LightCurveError} if the file is no light curve
   */
  post(user: string, fileName: string, csv: Uint8Array): Promise<Run>;
  /** This user's runs as they are now, newest first. */
  list(user: string): Promise<Run[]>;
  /** `false` if this user has no such run under way here. */
  cancel(user: string, id: string): boolean;
  /**
   * Goes on with what an earlier run of the server left: computes what has no outcome, tells what nobody has told. Never
   * rejects.
   */
  recover(): Promise<void>;
  /** Ends what is under way, without an outcome: the next start takes it up again. */
  close(): Promise<void>;
}

interface Job {
  readonly user: string;
  readonly cancelling: AbortController;
  progress?: Progress;
}

export function createDesk({ archive, thread, board, onError }: DeskOptions): Desk {
  const jobs = new Map<string, Job>();
  const works = new Set<Promise<void>>();
  const closing = new AbortController();

  /** Computes, unless an outcome is there, and tells. Never rejects. */
  function work(upload: Upload, curve?: LightCurve): Promise<void> {
    const job: Job = { user: upload.user, cancelling: new AbortController() };
    jobs.set(upload.id, job);
    const finished = finish(upload, job, curve).catch((error: unknown) => {
      if (!closing.signal.aborted) onError(error);
    });
    works.add(finished);
    return finished.finally(() => {
      jobs.delete(upload.id);
      works.delete(finished);
    });
  }

  async function finish(upload: Upload, job: Job, curve: LightCurve | undefined): Promise<void> {
    const { user, id } = upload;
    let outcome = await archive.findOutcome(user, id);
    if (!outcome) {
      const own = await settleOutcome(() => compute(upload, job, curve));
      // Another server was first: it tells, and if it falls before it has, the next start does.
      if (!(await archive.addOutcome(user, id, own))) return;
      outcome = own;
    }
    await board.tellOutcome(upload, outcome, closing.signal);
    await archive.markTold(user, id);
  }

  async function compute(upload: Upload, job: Job, curve: LightCurve | undefined): Promise<Outcome> {
    const tell = thinProgress(PROGRESS_INTERVAL_MS, (progress) => board.tellProgress(upload, progress));
    const onProgress = (progress: Progress) => {
      job.progress = progress;
      tell(progress);
    };
    const csv = curve ? undefined : await archive.findCsv(upload.user, upload.id);
    const known = curve ?? parseLightCurve(csv ?? new Uint8Array());
    return { type: 'done', result: await thread.compute(known, { signal: job.cancelling.signal, onProgress }) };
  }

  return {
    async post(user, fileName, csv) {
      const curve = parseLightCurve(csv);
      const upload: Upload = { id: randomUUID(), user, fileName, at: new Date().toISOString() };
      await archive.add(upload, csv);
      board.tellQueued(upload);
      void work(upload, curve);
      return { ...describe(upload), state: { type: 'queued' } };
    },
    async list(user) {
      const uploads = await archive.list(user);
      return await Promise.all(uploads.map((upload) => findRun(upload)));
    },
    cancel(user, id) {
      const job = jobs.get(id);
      if (job?.user !== user) return false;
      job.cancelling.abort();
      return true;
    },
    async recover() {
      // One after the other, so that whoever posts meanwhile waits behind one, and not behind all.
      try {
        for (const upload of await archive.listUntold()) {
          if (closing.signal.aborted) return;
          if (!jobs.has(upload.id)) await work(upload);
        }
      } catch (error) {
        onError(error);
      }
    },
    async close() {
      closing.abort();
      await thread.close();
      await Promise.all(works);
    },
  };

  async function findRun(upload: Upload): Promise<Run> {
    const { user, id } = upload;
    // Looked at before the file: a run that ends meanwhile is then either still under way, or its outcome is there.
    const progress = jobs.get(id)?.progress;
    const outcome = await archive.findOutcome(user, id);
    const state = outcome ?? (progress ? { type: 'running' as const, progress } : { type: 'queued' as const });
    return { ...describe(upload), state };
  }
}
