import type { NewsItem } from '../shared/news-item.ts';
import { parseFeed } from './feed.ts';
import { readFeed } from './feed-source.ts';
import type { Ledger } from './ledger.ts';

/** What came of one scan. */
export type ScanReport =
  | { type: 'scanned'; itemCount: number; publishedCount: number }
  | { type: 'failed'; error: unknown };

export interface FeedScannerOptions {
  source: URL;
  ledger: Ledger<NewsItem>;
  /** Publishes an item; resolves once the broker has acknowledged it. Must give the item's id as `key`: see {@link Ledger}. */
  publish: (item: NewsItem) => Promise<unknown>;
  /** Time between the end of a scan and the next, in milliseconds. @default 3_600_000 — "once an hour" */
  intervalMs?: number;
  onReport?: (report: ScanReport) => void;
  /** Reads the feed's text. @default {@link readFeed} */
  read?: (source: URL, signal: AbortSignal) => Promise<string>;
  /** Calls back after a time, unless the returned function is called before. @default `setTimeout` */
  after?: (delayMs: number, call: () => void) => () => void;
}

/** Watches a feed and publishes each new item once, whatever the number of servers and restarts. */
export interface FeedScanner {
  /** Scans now, and then on schedule. What an earlier run claimed and did not finish is said again first. */
  start(): void;
  /** Scans once more, now. Never rejects: what went wrong is in the report. */
  scan(): Promise<ScanReport>;
  /** Ends the schedule. Resolves once no scan is under way. */
  stop(): Promise<void>;
}

export function createFeedScanner(options: FeedScannerOptions): FeedScanner {
  const { source, ledger, publish, intervalMs = 3_600_000, onReport = () => {} } = options;
  const { read = readFeed, after = startTimer } = options;
  const stopping = new AbortController();
  // Claimed by us, or by a run before us, and not yet acknowledged.
  const unsaid = new Map<string, NewsItem>();
  let hasRecovered = false;
  let scanning: Promise<ScanReport> | undefined;
  let cancelTimer = () => {};

  async function sayUnsaid(): Promise<number> {
    let count = 0;
    for (const [id, item] of unsaid) {
      await publish(item);
      await ledger.markDone(id);
      unsaid.delete(id);
      count += 1;
    }
    return count;
  }

  async function scanOnce(): Promise<ScanReport> {
    try {
      if (!hasRecovered) for (const { id, content } of await ledger.findPending()) unsaid.set(id, content);
      hasRecovered = true;
      let publishedCount = await sayUnsaid();
      const items = parseFeed(await read(source, stopping.signal));
      // Feeds begin with the newest; readers want it last to arrive, and so on top.
      for (const item of items.reverse()) {
        if (stopping.signal.aborted) break;
        if (!(await ledger.claim(item.id, item))) continue;
        unsaid.set(item.id, item);
        publishedCount += await sayUnsaid();
      }
      return { type: 'scanned', itemCount: items.length, publishedCount };
    } catch (error) {
      // Whatever it was, the next scan tries again, and says what is still unsaid.
      return { type: 'failed', error };
    }
  }

  async function scan(): Promise<ScanReport> {
    scanning ??= scanOnce().finally(() => {
      scanning = undefined;
    });
    return await scanning;
  }

  async function scanOnSchedule(): Promise<void> {
    onReport(await scan());
    if (!stopping.signal.aborted) cancelTimer = after(intervalMs, turn);
  }

  function turn(): void {
    void scanOnSchedule();
  }

  return {
    start: turn,
    scan,
    async stop() {
      stopping.abort();
      cancelTimer();
      await scanning;
    },
  };
}

function startTimer(delayMs: number, call: () => void): () => void {
  const timer = setTimeout(call, delayMs);
  return () => clearTimeout(timer);
}
