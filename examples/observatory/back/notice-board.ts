import { setTimeout as delay } from 'node:timers/promises';
import { type Flow, FlowError } from 'message-flow/backend';
import type { observatory } from '../shared/contract.ts';
import { describePeriod } from '../shared/period-text.ts';
import type { Progress, Result } from '../shared/result.ts';
import type { Outcome, Run } from '../shared/run.ts';
import type { Upload } from '../shared/upload.ts';

const RETRY_INTERVAL_MS = 1_000;

/** Tells users of their runs, on all their screens. */
export interface NoticeBoard {
  /** Not awaited: a screen that misses it, as the broker was away, hears of the run when it ends. */
  tellQueued(upload: Upload): void;
  /** Not awaited: the next one says more. */
  tellProgress(upload: Upload, progress: Progress): void;
  /** Resolves once the broker has it; tries until then. Said again, also by another server, it is delivered once. */
  tellOutcome(upload: Upload, outcome: Outcome, signal: AbortSignal): Promise<void>;
}

/** Creates a notice board over a flow. */
export function createNoticeBoard(flow: Flow<typeof observatory>): NoticeBoard {
  return {
    tellQueued(upload) {
      const run: Run = { ...describe(upload), state: { type: 'queued' } };
      // What fails is reported by the flow itself, here and below.
      void flow.user(upload.user).send('run/queued', run, { key: `${upload.id}:queued` });
    },
    tellProgress({ id, user }, progress) {
      void flow.user(user).send('run/progress', { id, progress });
    },
    async tellOutcome(upload, outcome, signal) {
      const audience = flow.user(upload.user);
      const run: Run = { ...describe(upload), state: outcome };
      await insist(signal, () => audience.send('run/ended', run, { key: `${upload.id}:ended` }));
      if (outcome.type !== 'done') return;
      const text = summarise(upload.fileName, outcome.result);
      await insist(signal, () => audience.send('TASK DONE', text, { key: `${upload.id}:done` }));
    },
  };
}

/** Says something again until the broker has it; what can never be said is thrown. */
async function insist(signal: AbortSignal, say: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await say();
      return;
    } catch (error) {
      const mayPass = error instanceof FlowError && (error.code === 'unavailable' || error.code === 'overloaded');
      if (!mayPass) throw error;
    }
    await delay(RETRY_INTERVAL_MS, undefined, { signal });
  }
}

function summarise(fileName: string, { best, timeUnit }: Result): string {
  return `${fileName}: ${best ? `best period ${describePeriod(best.period, timeUnit)}` : 'no period stands out'}`;
}

/** What a run's owner may know of an upload. */
export function describe({ id, fileName, at }: Upload): Omit<Run, 'state'> {
  return { id, fileName, at };
}
