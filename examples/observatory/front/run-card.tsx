import { memo, type ReactNode } from 'react';
import { describePeriod } from '../shared/period-text.ts';
import type { Progress, Result } from '../shared/result.ts';
import type { Run, RunState } from '../shared/run.ts';
import { FoldedPlot, PeriodogramPlot, SeriesPlot } from './result-plots.tsx';

export interface RunCardProps {
  run: Run;
  /** Not the run's own function but one for all: a card is drawn again only when its run changes. */
  onCancel: (id: string) => void;
}

/** Shows one computation: its way, and its result once it is there. */
export const RunCard = memo(function RunCard({ run, onCancel }: RunCardProps): ReactNode {
  const { id, fileName, at, state } = run;
  return (
    <article
      className={`run ${state.type}`}
      data-run={id}
      aria-busy={state.type === 'queued' || state.type === 'running'}
    >
      <header>
        <h3>{fileName}</h3>
        <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>
      </header>
      <RunBody state={state} onCancel={() => onCancel(id)} />
    </article>
  );
});

function RunBody({ state, onCancel }: { state: RunState; onCancel: () => void }): ReactNode {
  switch (state.type) {
    case 'queued':
    case 'running':
      return <RunProgress progress={state.type === 'running' ? state.progress : null} onCancel={onCancel} />;
    case 'done':
      return <RunResult result={state.result} />;
    case 'failed':
      return (
        <p className="refusal" role="alert">
          {state.message}
        </p>
      );
    case 'cancelled':
      return <p className="note">Cancelled.</p>;
    default:
      return state satisfies never;
  }
}

function RunProgress({ progress, onCancel }: { progress: Progress | null; onCancel: () => void }): ReactNode {
  const said = progress
    ? `${progress.done.toLocaleString('en')} of ${progress.total.toLocaleString('en')} frequencies`
    : 'Waiting for the worker';
  return (
    <div className="progress">
      {progress ? (
        <progress value={progress.done} max={progress.total} aria-label={said} />
      ) : (
        <progress aria-label={said} />
      )}
      <span className="note">{said}</span>
      <button type="button" className="quiet" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function RunResult({ result }: { result: Result }): ReactNode {
  const { best, pointCount, frequencyCount, timeUnit } = result;
  return (
    <>
      <p className="finding">
        {best ? (
          <>
            Best period: <strong>{describePeriod(best.period, timeUnit)}</strong>
          </>
        ) : (
          'No period stands out.'
        )}
        <span className="note">
          {pointCount.toLocaleString('en')} points, {frequencyCount.toLocaleString('en')} frequencies
          {best && `, false alarm ${best.falseAlarm < 1e-6 ? 'below 10⁻⁶' : best.falseAlarm.toPrecision(2)}`}
        </span>
      </p>
      <div className="plots">
        <SeriesPlot result={result} />
        <PeriodogramPlot result={result} />
        {best && <FoldedPlot result={result} />}
      </div>
    </>
  );
}
