import type { Entry } from 'message-flow/client';
import { describePeriod } from '../shared/period-text.ts';
import type { Run } from '../shared/run.ts';
import type { ObservatoryClient } from './client.ts';
import { desk } from './desk-client.ts';
import { changePage, type PageChange, type PageState } from './page-state.ts';
import { createStore, type Store } from './store.ts';

export type PageStore = Store<PageState, PageChange>;

const RETRY_INTERVAL_MS = 2_000;
const MAX_TEXT_CHARS = 120;

/** Creates the page's state, and keeps it in step with what the server says. */
export function createPageStore(client: ObservatoryClient): PageStore {
  const store: PageStore = createStore<PageState, PageChange>(
    { runs: [], news: [], arrivals: [], toasts: [], refusal: null },
    changePage,
  );
  let arrivalCount = 0;
  let user = client.connection.get().user;

  /** Notes an entry where the visitor can see it: of which log it is, and at which place. */
  function note({ event, log, at, replayed }: Omit<Entry, 'data'>, text: string): string {
    const key = String(++arrivalCount);
    const arrival = { key, log, position: at, event, text: text.slice(0, MAX_TEXT_CHARS), isReplayed: replayed };
    store.change({ type: 'arrival', arrival });
    return key;
  }

  function toast(entry: Entry, text: string): void {
    store.change({ type: 'toast', toast: { key: note(entry, text), title: entry.event, text } });
  }

  client.on('run/queued', (run, entry) => {
    note(entry, run.fileName);
    store.change({ type: 'runs', runs: [run] });
  });
  client.on('run/progress', ({ id, progress }, entry) => {
    note(entry, `${progress.done} of ${progress.total}`);
    store.change({ type: 'progress', id, progress });
  });
  client.on('run/ended', (run, entry) => {
    note(entry, `${run.fileName}: ${describeEnd(run)}`);
    store.change({ type: 'runs', runs: [run] });
  });
  client.on('news', (item, entry) => {
    note(entry, item.title);
    store.change({ type: 'news', items: [item] });
  });
  client.on('TASK DONE', (text, entry) => toast(entry, text));
  // Any program with the publish key may send an event that this page has never heard of.
  client.onUnhandled((entry) => {
    toast(entry, typeof entry.data === 'string' ? entry.data : (JSON.stringify(entry.data) ?? ''));
  });
  client.onGap(({ log, reason, at }) => {
    note({ event: `gap: ${reason}`, log, at, replayed: false }, 'What was missed is fetched by HTTP');
    refresh();
  });
  client.connection.subscribe((status) => {
    if (status.user === user) return;
    user = status.user;
    if (user !== undefined) refresh();
  });

  /**
   * Fetches what the page shows. Only once the client has its positions, which come with the user's name: what happens
   * between them and the answer then arrives as entries too, and neither order nor repetition matters to `changePage`.
   */
  const refresh = createRefresh(async () => {
    const [runs, items] = await Promise.all([desk.fetchRuns(), desk.fetchNews()]);
    store.change({ type: 'runs', runs });
    store.change({ type: 'news', items });
  });

  return store;
}

/** Runs one refresh at a time, again if it was asked for meanwhile, and again until it succeeds. */
function createRefresh(fetchAll: () => Promise<void>): () => void {
  let isWanted = false;
  let isUnderWay = false;

  async function run(): Promise<void> {
    isUnderWay = true;
    while (isWanted) {
      isWanted = false;
      try {
        await fetchAll();
      } catch {
        // The server is away or restarting; the indicators say so.
        isWanted = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
      }
    }
    isUnderWay = false;
  }

  return () => {
    isWanted = true;
    if (!isUnderWay) void run();
  };
}

function describeEnd({ state }: Run): string {
  if (state.type !== 'done') return state.type;
  const { best, timeUnit } = state.result;
  return best ? describePeriod(best.period, timeUnit) : 'no period';
}
