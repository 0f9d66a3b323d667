import { STORE_EVENT, type StoreNews } from '../../contract/index.ts';
import { type Clock, encodeJson, type LogName, MAX_ENTRY_BYTES, type Stop } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';
import type { Sender } from '../sender.ts';

/** Tells followers what became of a store. */
export interface News {
  /** Appends to the store's log, and returns at once. While the broker is away it is said again for a minute, the newest of each log. */
  tell(log: LogName, news: StoreNews): void;
  /** Says nothing again. */
  close(): void;
}

const FIRST_WAIT_MS = 1_000;
/** After so many tries, the last some 30 s after the one before, followers see it at the next change or reconnect. */
const MAX_TRIES = 6;
/** Most logs whose news waits to be said again. */
const MAX_OWED = 1_000;

/** Creates what tells by `sender`. */
export function createNews(sender: Sender, clock: Clock): News {
  /** What is to be said again, by log. */
  const owed = new Map<LogName, { readonly to: number; readonly stop: Stop }>();
  let isClosed = false;

  function say(log: LogName, news: StoreNews, tries: number): void {
    const sent = sender.send(log, STORE_EVENT, String(news.to), () => {
      const data = encodeJson(news);
      return Buffer.byteLength(data) > MAX_ENTRY_BYTES ? encodeJson({ from: null, to: news.to }) : data;
    });
    sent.catch((error: unknown) => {
      const mayPass = error instanceof FlowError && (error.code === 'unavailable' || error.code === 'overloaded');
      if (mayPass && tries < MAX_TRIES) owe(log, news.to, tries);
    });
  }

  function owe(log: LogName, to: number, tries: number): void {
    const earlier = owed.get(log);
    if (isClosed || (earlier ? earlier.to > to : owed.size >= MAX_OWED)) return;
    earlier?.stop();
    const stop = clock.after(FIRST_WAIT_MS * 2 ** (tries - 1), () => {
      owed.delete(log);
      // Its patch may lead nowhere by now, and who has it already ignores this one: the key is the same.
      say(log, { from: null, to }, tries + 1);
    });
    owed.set(log, { to, stop });
  }

  return {
    tell: (log, news) => say(log, news, 1),
    close() {
      isClosed = true;
      for (const { stop } of owed.values()) stop();
      owed.clear();
    },
  };
}
