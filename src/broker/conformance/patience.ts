/** Waits for what other parties bring about: asked again whenever they `wake` it, given up after its patience. */
export interface Patience {
  wake(): void;
  /** Resolves once `isSo`; rejects, with what `describe` says by then, when it never is. */
  until(isSo: () => boolean, describe: () => string): Promise<void>;
}

/** How long to wait before a call that was `unavailable` is said again, in milliseconds. */
const RETRY_DELAY_MS = 50;

/** Creates a wait that lasts `patienceMs` at most, in milliseconds. */
export function createPatience(patienceMs: number): Patience {
  const checks = new Set<() => void>();
  return {
    wake() {
      for (const check of checks) check();
    },
    until: (isSo, describe) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          checks.delete(check);
          reject(new Error(`Waited ${patienceMs} ms in vain: ${describe()}`));
        }, patienceMs);
        const check = () => {
          if (!isSo()) return;
          checks.delete(check);
          clearTimeout(timer);
          resolve();
        };
        checks.add(check);
        check();
      }),
  };
}

/** Says a call again while it is `unavailable`, as callers may: a cut of the live path may cut all else too. */
export async function persist<T>(patienceMs: number, call: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (codeOf(error) !== 'unavailable' || Date.now() - startedAt > patienceMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    }
  }
}

/** The code of an error. By its name and not its class, which a second copy of the package would have twice. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'BrokerError' ? (error as Error & { code?: string }).code : undefined;
}
