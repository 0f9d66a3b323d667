import type { ResolvedOptions } from '../options.ts';

/** What the backend said; status 0: nothing, or nothing that could be read. */
export interface BackendAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** Longest wait for an answer, in milliseconds; a backend gives up after 10 s. */
const ANSWER_TIMEOUT_MS = 15_000;

/** Posts to a route of the backend. Never rejects; what `headers` throws goes to `report`. */
export function askBackend(
  { flow, headers, fetch, clock }: ResolvedOptions,
  route: string,
  question: unknown,
  report: (error: unknown) => void,
): Promise<BackendAnswer> {
  return new Promise((resolve) => {
    const stop = clock.after(ANSWER_TIMEOUT_MS, () => resolve({ status: 0 }));
    async function ask(): Promise<BackendAnswer> {
      let own: Readonly<Record<string, string>>;
      try {
        own = headers();
      } catch (error) {
        report(error);
        return { status: 0 };
      }
      const response = await fetch(`${flow}/${route}`, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json', ...own },
        body: JSON.stringify(question),
      });
      const { status } = response;
      try {
        return { status, body: await response.json() };
      } catch {
        return { status }; // a proxy's page, or a connection that was cut
      }
    }
    void ask()
      .catch(() => ({ status: 0 })) // no network
      .then((answer) => {
        stop();
        resolve(answer);
      });
  });
}
