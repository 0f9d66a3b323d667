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
const FALLEN: Outcome = { type: 'failed', message: 'Its server fell while it was computed: post it again' };

export interface DeskOptions {
  /** The name of this server: it recovers what it took itself, and leaves alone what those beside it are at work on. */
  server: string;
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
  /** Cancels a run, also one of another server. `false` if this user has no such run under way. */
  cancel(user: string, id: string): Promise<boolean>;
  /**
   * Goes on with what an earlier run of this server left: computes what was not begun, tells what nobody has told. What
   * fell with it in the middle has failed: it may be what felled it. Never rejects.
   */
  recover(): Promise<void>;
  /** Ends what is under way, without an outcome: the next start takes it up again. */
  close(): Promise<void>;
}

interface Job {
  readonly user: string;
  readonly cancelling: AbortController;
  /** Set once it is under way: the note of that in the archive. */
  begun?: Promise<void>;
  progress?: Progress;
}

export function createDesk({ server, archive, thread, board, onError }: DeskOptions): Desk {
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
      const own = await settle(upload, job, curve);
      // Whoever was first tells it: another server, where it was cancelled.
      if (!(await archive.addOutcome(user, id, own))) return;
      outcome = own;
    }
    await board.tellOutcome(upload, outcome, closing.signal);
    await archive.markTold(user, id);
  }

  async function settle(upload: Upload, job: Job, curve: LightCurve | undefined): Promise<Outcome> {
    const { user, id } = upload;
    if (!curve && (await archive.isBegun(user, id))) return FALLEN;
    try {
      return await settleOutcome(() => compute(upload, job, curve));
    } catch (error) {
      await job.begun;
      await archive.unmarkBegun(user, id);
      throw error;
    }
  }

  async function compute(upload: Upload, job: Job, curve: LightCurve | undefined): Promise<Outcome> {
    const { user, id } = upload;
    const tell = thinProgress(PROGRESS_INTERVAL_MS, (progress) => {
      board.tellProgress(upload, progress);
      endIfCancelled(upload, job).catch(onError);
    });
    const onProgress = (progress: Progress) => {
      job.begun ??= archive.markBegun(user, id).catch(onError);
      job.progress = progress;
      tell(progress);
    };
    const csv = curve ? undefined : await archive.findCsv(user, id);
    const known = curve ?? parseLightCurve(csv ?? new Uint8Array());
    return { type: 'done', result: await thread.compute(known, { signal: job.cancelling.signal, onProgress }) };
  }

  /** An outcome that is there before ours is another server's word to stop. */
  async function endIfCancelled({ user, id }: Upload, job: Job): Promise<void> {
    if (await archive.findOutcome(user, id)) job.cancelling.abort();
  }

  return {
    async post(user, fileName, csv) {
      const curve = parseLightCurve(csv);
      const upload: Upload = { id: randomUUID(), user, server, fileName, at: new Date().toISOString() };
      await archive.add(upload, csv);
      board.tellQueued(upload);
      void work(upload, curve);
      return { ...describe(upload), state: { type: 'queued' } };
    },
    async list(user) {
      const uploads = await archive.list(user);
      return await Promise.all(uploads.map((upload) => findRun(upload)));
    },
    async cancel(user, id) {
      const job = jobs.get(id);
      if (job?.user === user) {
        job.cancelling.abort();
        return true;
      }
      const upload = await archive.find(user, id);
      if (!upload || !(await archive.addOutcome(user, id, { type: 'cancelled' }))) return false;
      void work(upload);
      return true;
    },
    async recover() {
      // One after the other, so that whoever posts meanwhile waits behind one, and not behind all.
      try {
        for (const upload of await archive.listUntold(server)) {
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
