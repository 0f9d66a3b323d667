/** How often a condition is looked at again, in milliseconds. */
const INTERVAL_MS = 2;

/**
 * Waits until a condition gives something, and returns it: for what another party does in its own time.
 * @throws {Error} after `deadlineMs`, with what was waited for
 */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  deadlineMs = 20_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`Cannot wait any longer for ${what}: ${deadlineMs} ms passed`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/** Lets everything run that is due without time passing. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
