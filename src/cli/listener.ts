import type { Server } from 'node:http';
import { type CommandError, createFailure } from './command-error.ts';
import { findErrorCode, formatReason, formatSafe } from './safe-text.ts';
import { clearSocketPath } from './unix-socket.ts';

/** Where a server listens. */
export type Place =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'tcp'; readonly port: number; readonly host: string };

/**
 * Lets a server listen. Resolves to where it does: an address, or a socket's path after `unix:`.
 * @throws {CommandError} when the place can't be had; it says why and what to choose
 */
export async function listenAt(server: Server, place: Place): Promise<string> {
  if (place.type === 'socket') await clearSocketPath(place.path);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place.type === 'socket' ? { path: place.path } : { port: place.port, host: place.host }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw place.type === 'socket' ? explainSocket(place.path, error) : explainPort(place.port, place.host, error);
  }
  const address = server.address();
  if (address === null || typeof address === 'string') return `unix:${address}`;
  return `http://${address.address.includes(':') ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Closes a server and what is still open on it. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Says why a Unix socket could not be made, and what to choose. */
export function explainSocket(path: string, error: unknown): CommandError {
  const action = `Cannot listen on ${formatSafe(path, 160)}`;
  if (findErrorCode(error) !== 'EACCES') return createFailure(`${action}: ${formatReason(error)}`);
  return createFailure(`${action}: this user has no right to write there; choose another folder or another user`);
}

function explainPort(port: number, host: string, error: unknown): CommandError {
  const action = `Cannot listen on port ${port} of ${formatSafe(host, 80)}`;
  switch (findErrorCode(error)) {
    case 'EADDRINUSE':
      return createFailure(`${action}: another process does; choose another by --port, or any by --port 0`);
    case 'EACCES':
      return createFailure(`${action}: this user has no right to; choose a port of 1024 or more`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return createFailure(
        `${action}: this machine has no such address; set --host to one of its own, 0.0.0.0 for all`,
      );
    default:
      return createFailure(`${action}: ${formatReason(error)}`);
  }
}
