import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createFeedScanner,
  type FeedScanner,
  type FeedScannerOptions,
  type ScanReport,
} from '../../../examples/observatory/back/feed-scanner.ts';
import { createLedger } from '../../../examples/observatory/back/ledger.ts';
import type { NewsItem } from '../../../examples/observatory/shared/news-item.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** A feed with these ids, the newest first, as feeds are. */
function feedOf(ids: string[]): string {
  return `<feed>${ids.map((id) => `<entry><id>${id}</id><title>Title of ${id}</title></entry>`).join('')}</feed>`;
}

/** A server with a scanner, over a folder that it may share with others. */
function createServer(folder: string, ids: string[], options: Partial<FeedScannerOptions> = {}) {
  const said: string[] = [];
  const scanner: FeedScanner = createFeedScanner({
    source: new URL('https://example.org/feed'),
    ledger: createLedger<NewsItem>(folder),
    read: async () => feedOf(ids),
    publish: async ({ id }) => said.push(id),
    ...options,
  });
  onTestFinished(() => scanner.stop());
  return { scanner, said };
}

/** A timer that goes off when told to. */
function createTimer() {
  const calls: { delayMs: number; call: () => void; isCancelled: boolean }[] = [];
  const after = (delayMs: number, call: () => void) => {
    const entry = { delayMs, call, isCancelled: false };
    calls.push(entry);
    return () => {
      entry.isCancelled = true;
    };
  };
  return { calls, after };
}

/** Resolves with the next report; ask before it comes. */
function createReports() {
  const listeners: ((report: ScanReport) => void)[] = [];
  return {
    onReport: (report: ScanReport) => {
      for (const listener of listeners.splice(0)) listener(report);
      // The scanner sets its timer in the same turn, after the report.
    },
    next: () => new Promise<ScanReport>((resolve) => listeners.push(resolve)),
  };
}

describe('a feed scanner', () => {
  test('says each item once, the oldest first', async () => {
    const { scanner, said } = createServer(await createTemporaryFolder(), ['c', 'b', 'a']);
    expect(await scanner.scan()).toEqual({ type: 'scanned', itemCount: 3, publishedCount: 3 });
    expect(await scanner.scan()).toEqual({ type: 'scanned', itemCount: 3, publishedCount: 0 });
    expect(said).toEqual(['a', 'b', 'c']);
  });

  test('says only what is new, also after a restart', async () => {
    const folder = await createTemporaryFolder();
    await createServer(folder, ['b', 'a']).scanner.scan();
    const { scanner, said } = createServer(folder, ['c', 'b', 'a']);
    await scanner.scan();
    expect(said).toEqual(['c']);
  });

  test('shares the work with other servers: nothing is said by two', async () => {
    const folder = await createTemporaryFolder();
    const ids = Array.from({ length: 30 }, (_, i) => `item ${i}`);
    // Each has looked for what was left unsaid before any of them claims: else a claim under way is said again, with its key.
    const servers = await Promise.all(
      [1, 2, 3].map(async () => {
        let feed: string[] = [];
        const server = createServer(folder, [], { read: async () => feedOf(feed) });
        await server.scanner.scan();
        feed = ids;
        return server;
      }),
    );
    await Promise.all(servers.map(({ scanner }) => scanner.scan()));
    expect(servers.flatMap(({ said }) => said).sort()).toEqual([...ids].sort());
  });

  test('says again what was not acknowledged: by the same server at its next scan', async () => {
    let isDown = true;
    const said: string[] = [];
    const publish = async ({ id }: NewsItem) => {
      if (isDown) throw new Error('broker is down');
      said.push(id);
    };
    const { scanner } = createServer(await createTemporaryFolder(), ['b', 'a'], { publish });
    expect(await scanner.scan()).toMatchObject({ type: 'failed', error: { message: 'broker is down' } });
    isDown = false;
    expect(await scanner.scan()).toMatchObject({ publishedCount: 2 });
    expect(said).toEqual(['a', 'b']);
  });

  test('says again what was not acknowledged: by the next one at its start, though the feed has forgotten it', async () => {
    const folder = await createTemporaryFolder();
    const publish = async () => Promise.reject(new Error('killed'));
    await createServer(folder, ['a'], { publish }).scanner.scan();
    const { scanner, said } = createServer(folder, []);
    await scanner.scan();
    expect(said).toEqual(['a']);
  });

  test('goes on after a feed that cannot be read', async () => {
    const folder = await createTemporaryFolder();
    const feeds = ['<html/>', feedOf(['a'])];
    const { scanner, said } = createServer(folder, [], { read: async () => feeds.shift() ?? '' });
    expect(await scanner.scan()).toMatchObject({ type: 'failed', error: { code: 'not-a-feed' } });
    await scanner.scan();
    expect(said).toEqual(['a']);
  });

  test('scans at its start, and again a while after each scan, whatever came of it', async () => {
    const { calls, after } = createTimer();
    const { onReport, next } = createReports();
    const feeds = [feedOf(['a']), 'no feed', feedOf(['b', 'a'])];
    const read = async () => feeds.shift() ?? '';
    const options = { after, onReport, read, intervalMs: 60_000 };
    const { scanner, said } = createServer(await createTemporaryFolder(), [], options);
    let report = next();
    scanner.start();
    expect((await report).type).toBe('scanned');
    report = next();
    calls.at(-1)?.call();
    expect((await report).type).toBe('failed');
    report = next();
    calls.at(-1)?.call();
    expect((await report).type).toBe('scanned');
    expect(said).toEqual(['a', 'b']);
    expect(calls.map(({ delayMs }) => delayMs)).toEqual([60_000, 60_000, 60_000]);
  });

  test('ends its schedule when stopped, and a scan under way between two items', async () => {
    const { calls, after } = createTimer();
    const { onReport, next } = createReports();
    const said: string[] = [];
    const server = createServer(await createTemporaryFolder(), ['b', 'a'], {
      after,
      onReport,
      publish: async ({ id }) => {
        said.push(id);
        void server.scanner.stop();
      },
    });
    const report = next();
    server.scanner.start();
    await report;
    expect(said).toEqual(['a']);
    expect(calls.filter(({ isCancelled }) => !isCancelled)).toEqual([]);
  });

  test('a second scan joins the one under way', async () => {
    const { scanner, said } = createServer(await createTemporaryFolder(), ['a']);
    const reports = await Promise.all([scanner.scan(), scanner.scan()]);
    expect(reports[0]).toBe(reports[1]);
    expect(said).toEqual(['a']);
  });
});
