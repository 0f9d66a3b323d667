import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MAX_FEED_BYTES } from './feed.ts';
import { FeedError } from './feed-error.ts';

const FETCH_TIMEOUT_MS = 10_000;
const MAX_REDIRECT_COUNT = 3;

/**
 * Reads the text of a feed from an `http:`, `https:` or `file:` URL: at most 1 MiB, within 10 s, over at most 3 redirects.
 * The address is the operator's choice; nothing a visitor sends ever comes here.
 * @throws {FeedError}
 */
export async function readFeed(source: URL, signal?: AbortSignal): Promise<string> {
  try {
    const bytes =
      source.protocol === 'file:' ? await readBounded(fileURLToPath(source)) : await download(source, signal);
    return new TextDecoder().decode(bytes);
  } catch (cause) {
    if (cause instanceof FeedError) throw cause;
    throw new FeedError('unreachable', `"${source}" did not answer`, { cause });
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.createReadStream({ end: MAX_FEED_BYTES })) chunks.push(chunk as Uint8Array);
    return bounded(chunks);
  } finally {
    await file.close();
  }
}

async function download(source: URL, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const ended = signal ? AbortSignal.any([signal, deadline]) : deadline;
  let url = source;
  for (let redirects = 0; redirects <= MAX_REDIRECT_COUNT; redirects++) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new FeedError('unreachable', `"${url}" is not http or https`);
    }
    // Followed by hand, so that each hop's protocol is checked.
    const response = await fetch(url, { redirect: 'manual', signal: ended, headers: { accept: 'application/xml' } });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      url = new URL(location, url);
      continue;
    }
    if (!response.ok) throw new FeedError('unreachable', `"${url}" answered ${response.status}`);
    return await collect(response);
  }
  throw new FeedError('unreachable', `"${source}" redirects more than ${MAX_REDIRECT_COUNT} times`);
}

async function collect(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    byteCount += chunk.byteLength;
    // Leaving the loop cancels the body: the rest is never downloaded.
    if (byteCount > MAX_FEED_BYTES) break;
  }
  return bounded(chunks);
}

function bounded(chunks: Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(chunks);
  if (bytes.byteLength > MAX_FEED_BYTES) throw new FeedError('too-large', `it has more than ${MAX_FEED_BYTES} bytes`);
  return bytes;
}
