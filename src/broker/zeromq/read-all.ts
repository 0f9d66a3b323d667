/** What comes in at a socket, or at its monitor. */
interface Source<T> {
  readonly closed: boolean;
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
}

/** Hands on all that comes, one after the other, until the source is closed. Rejects only if `take` throws before. */
export async function readAll<T>(source: Source<T>, take: (item: T) => void | Promise<void>): Promise<void> {
  try {
    for await (const item of source) await take(item);
  } catch (error) {
    // A source that is closed while it reads ends its reading with one error or another.
    if (!source.closed) throw error;
  }
}
