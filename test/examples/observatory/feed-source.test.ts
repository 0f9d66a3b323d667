import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_FEED_BYTES } from '../../../examples/observatory/back/feed.ts';
import { readFeed } from '../../../examples/observatory/back/feed-source.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`);
}

async function writeFeed(content: string): Promise<URL> {
  const path = join(await createTemporaryFolder(), 'a feed.atom');
  await writeFile(path, content);
  return pathToFileURL(path);
}

describe('a feed is read', () => {
  test('from a file', async () => {
    expect(await readFeed(await writeFeed('<feed>ü</feed>'))).toBe('<feed>ü</feed>');
  });

  test('from a server, also after a redirect', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/feed') response.writeHead(301, { location: '/moved' }).end();
      else response.end('<feed/>');
    });
    expect(await readFeed(url)).toBe('<feed/>');
  });
});

describe('a feed is not read', () => {
  test('if its file is missing', async () => {
    const missing = new URL('missing.atom', pathToFileURL(`${await createTemporaryFolder()}/`));
    await expect(readFeed(missing)).rejects.toMatchObject({
      code: 'unreachable',
      message: `Cannot read feed: "${missing}" did not answer`,
    });
  });

  test('if its file is larger than 1 MiB', async () => {
    await expect(readFeed(await writeFeed('x'.repeat(MAX_FEED_BYTES + 1)))).rejects.toMatchObject({
      code: 'too-large',
    });
    expect(await readFeed(await writeFeed('x'.repeat(MAX_FEED_BYTES)))).toHaveLength(MAX_FEED_BYTES);
  });

  test('beyond 1 MiB, if the server never ends', async () => {
    let isOpen = false;
    const url = await serve((_, response) => {
      isOpen = true;
      response.on('close', () => {
        isOpen = false;
      });
      const write = () => {
        while (isOpen && response.write('x'.repeat(65_536)));
        if (isOpen) response.once('drain', write);
      };
      write();
    });
    await expect(readFeed(url)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('if the server redirects for ever', async () => {
    let requestCount = 0;
    const url = await serve((_, response) => {
      requestCount += 1;
      response.writeHead(302, { location: `/${requestCount}` }).end();
    });
    await expect(readFeed(url)).rejects.toMatchObject({ code: 'unreachable' });
    expect(requestCount).toBe(4);
  });

  test('if the server redirects to a file', async () => {
    const file = await writeFeed('secret');
    const url = await serve((_, response) => response.writeHead(302, { location: file.href }).end());
    await expect(readFeed(url)).rejects.toMatchObject({
      code: 'unreachable',
      message: `Cannot read feed: "${file}" is not http or https`,
    });
  });

  test('if the server says no', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(readFeed(url)).rejects.toMatchObject({ message: `Cannot read feed: "${url}" answered 404` });
  });

  test('if told to stop while the server is silent', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort());
    await expect(readFeed(url, stop.signal)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
