import type { Progress } from '../shared/result.ts';
import type { Run, RunState } from '../shared/run.ts';

/**
 * Adds what is known of a run, newest run first. What is known may come in any order and more than once (by HTTP, as an
 * entry, as an entry said again): a run never goes back.
 */
export function mergeRun(runs: readonly Run[], run: Run): readonly Run[] {
  const known = runs.find(({ id }) => id === run.id);
  if (!known) return [run, ...runs].sort((a, b) => (a.at < b.at ? 1 : -1));
  return isFurther(run.state, known.state) ? runs.map((other) => (other === known ? run : other)) : runs;
}

/** Notes how far a run has come; that of a run not known is left out, as its end will bring all. */
export function mergeProgress(runs: readonly Run[], id: string, progress: Progress): readonly Run[] {
  const known = runs.find((run) => run.id === id);
  return known ? mergeRun(runs, { ...known, state: { type: 'running', progress } }) : runs;
}

function isFurther(next: RunState, known: RunState): boolean {
  if (next.type === 'running' && known.type === 'running') return next.progress.done > known.progress.done;
  return rankOf(next) > rankOf(known);
}

function rankOf({ type }: RunState): number {
  return ['queued', 'running'].includes(type) ? ['queued', 'running'].indexOf(type) : 2;
}
