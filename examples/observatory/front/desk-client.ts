import type { NewsItem } from '../shared/news-item.ts';
import type { Run } from '../shared/run.ts';
import type { Refusal } from '../shared/upload.ts';

/** What the server would not do, in words for who asked. */
export class DeskError extends Error {
  override readonly name = 'DeskError';
}

/** The server's routes. They reject with a `DeskError` if the server refuses, and with a `TypeError` if it is not reached. */
export const desk = {
  async fetchRuns(): Promise<Run[]> {
    return (await ask<{ runs: Run[] }>('GET', '/light-curves')).runs;
  },
  async fetchNews(): Promise<NewsItem[]> {
    return (await ask<{ items: NewsItem[] }>('GET', '/news')).items;
  },
  /** The file with the key that a message from a terminal needs here; undefined where it needs none. */
  async fetchPublishKeyFile(): Promise<string | undefined> {
    return (await ask<{ publishKeyFile?: string }>('GET', '/terminal')).publishKeyFile;
  },
  async post(file: File): Promise<Run> {
    const url = `/light-curves?name=${encodeURIComponent(file.name)}`;
    // Said by us: a browser takes the type from the system, where a CSV may belong to a spreadsheet.
    return (await ask<{ run: Run }>('POST', url, new Blob([file], { type: 'text/csv' }))).run;
  },
  async postSample(name: string): Promise<Run> {
    return (await ask<{ run: Run }>('POST', `/light-curves/samples/${encodeURIComponent(name)}`)).run;
  },
  /** That it is cancelled comes as an entry. */
  async cancel(id: string): Promise<undefined> {
    await ask('POST', `/light-curves/${encodeURIComponent(id)}/cancel`);
  },
};

async function ask<Answer>(method: 'GET' | 'POST', url: string, body?: Blob): Promise<Answer> {
  const response = await fetch(url, body ? { method, body } : { method });
  const answer = (await response.json().catch(() => ({}))) as Answer & { error?: Refusal };
  if (response.ok) return answer;
  throw new DeskError(answer.error?.message ?? `The server answered ${response.status}`);
}
