import type { Progress, Result } from './result.ts';

/** One computation: what was posted, and how far it has come. */
export interface Run {
  id: string;
  fileName: string;
  /** When it was posted: ISO 8601 in UTC. */
  at: string;
  state: RunState;
}

/** How far a run has come. */
export type RunState = { type: 'queued' } | { type: 'running'; progress: Progress } | Outcome;

/** How a run ended. */
export type Outcome = { type: 'done'; result: Result } | { type: 'failed'; message: string } | { type: 'cancelled' };
