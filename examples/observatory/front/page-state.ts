import type { NewsItem } from '../shared/news-item.ts';
import type { Progress } from '../shared/result.ts';
import type { Run } from '../shared/run.ts';
import type { Arrival } from './arrivals-panel.tsx';
import { mergeNews } from './news-list.ts';
import { mergeProgress, mergeRun } from './run-list.ts';
import type { Toast } from './toasts.tsx';

const MAX_ARRIVALS = 400;
const MAX_TOASTS = 3;

/** What the page shows, beside the connection and the plan. */
export interface PageState {
  /** Newest first. */
  runs: readonly Run[];
  /** Newest first. */
  news: readonly NewsItem[];
  /** Newest first. */
  arrivals: readonly Arrival[];
  /** Oldest first. */
  toasts: readonly Toast[];
  refusal: string | null;
}

/** What changes it. */
export type PageChange =
  | { type: 'runs'; runs: readonly Run[] }
  | { type: 'progress'; id: string; progress: Progress }
  | { type: 'news'; items: readonly NewsItem[] }
  | { type: 'arrival'; arrival: Arrival }
  | { type: 'toast'; toast: Toast }
  | { type: 'dismissal'; key: string }
  | { type: 'refusal'; message: string | null };

export function changePage(state: PageState, change: PageChange): PageState {
  switch (change.type) {
    case 'runs':
      return { ...state, runs: change.runs.reduce(mergeRun, state.runs) };
    case 'progress':
      return { ...state, runs: mergeProgress(state.runs, change.id, change.progress) };
    case 'news':
      return { ...state, news: change.items.reduce(mergeNews, state.news) };
    case 'arrival':
      return { ...state, arrivals: [change.arrival, ...state.arrivals].slice(0, MAX_ARRIVALS) };
    case 'toast':
      return { ...state, toasts: [...state.toasts, change.toast].slice(-MAX_TOASTS) };
    case 'dismissal':
      return { ...state, toasts: state.toasts.filter(({ key }) => key !== change.key) };
    case 'refusal':
      return { ...state, refusal: change.message };
    default:
      return change satisfies never;
  }
}
