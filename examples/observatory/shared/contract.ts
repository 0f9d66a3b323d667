import { contract, type } from 'message-flow/contract';
import type { NewsItem } from './news-item.ts';
import { plan } from './plan.ts';
import type { Progress } from './result.ts';
import type { Run } from './run.ts';

/** What the server may say to browsers, and what they may do to the plan. Runs are carried whole (a result has some 20 kB), so that any one entry suffices. */
export const observatory = contract({
  events: {
    'run/queued': type<Run>(),
    'run/progress': type<{ id: string; progress: Progress }>(),
    'run/ended': type<Run>(),
    /** The message of 2016: a line of text to one user. */
    'TASK DONE': type<string>(),
    /** To everyone. */
    news: type<NewsItem>(),
  },
  stores: [plan],
});
