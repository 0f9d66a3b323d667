import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';

/** Waits until a server listens on a port of its own, and closes it when the test is over. Resolves to its origin. */
export async function listening(server: Server & { closeAllConnections?(): void }): Promise<string> {
  if (!server.listening) {
    await new Promise<void>((resolve) => {
      if (server.address() === null) server.listen(0, '127.0.0.1');
      server.once('listening', resolve);
    });
  }
  onTestFinished(async () => {
    server.closeAllConnections?.();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks a real server for a token, or posts other JSON to it. */
export function postToken(
  url: string,
  body: unknown = { logs: [] },
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Signs in as a user of the tests where an app takes `{user}`, and gives the headers of who did. */
export async function logIn(url: string): Promise<{ cookie: string }> {
  const response = await postToken(url, { user: 'ada' });
  return { cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
}
