import { join } from 'node:path';
import type { Flow } from 'message-flow/backend';
import type { observatory } from '../shared/contract.ts';
import type { NewsItem } from '../shared/news-item.ts';
import { createFeedScanner } from './feed-scanner.ts';
import { nameFile } from './file-name.ts';
import { createLedger } from './ledger.ts';

const MAX_LISTED = 30;

export interface NewsroomOptions {
  flow: Flow<typeof observatory>;
  feed: URL;
  intervalMs: number;
  dataFolder: string;
  /** Hears what came of each scan, in a line. */
  onNotice: (line: string) => void;
}

/** Reads a feed on a schedule and tells everyone what is new in it. */
export interface Newsroom {
  start(): void;
  /** The latest items, newest first. */
  list(): Promise<NewsItem[]>;
  stop(): Promise<void>;
}

export function createNewsroom({ flow, feed, intervalMs, dataFolder, onNotice }: NewsroomOptions): Newsroom {
  const ledger = createLedger<NewsItem>(join(dataFolder, 'news'));
  const scanner = createFeedScanner({
    source: feed,
    ledger,
    intervalMs,
    // An id may be longer than a key, so the key is its hash.
    publish: (item) => flow.everyone.send('news', item, { key: nameFile(item.id) }),
    onReport(report) {
      if (report.type === 'failed')
        onNotice(`news: ${report.error instanceof Error ? report.error.message : 'failed'}`);
      else if (report.publishedCount > 0) onNotice(`news: ${report.publishedCount} new of ${report.itemCount}`);
    },
  });
  return {
    start: scanner.start,
    async list() {
      const items = await ledger.list();
      return items.sort((a, b) => (a.published < b.published ? 1 : -1)).slice(0, MAX_LISTED);
    },
    stop: scanner.stop,
  };
}
