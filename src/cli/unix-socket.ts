import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createFailure, createMistake } from './command-error.ts';
import { findErrorCode, formatSafe } from './safe-text.ts';

/** Longest path of a Unix socket, in bytes. unix(7): sun_path has 108, the last is the end's mark. */
const MAX_PATH_BYTES = 107;

/**
 * Makes room for a Unix socket: removes the file that a process left behind that ended without cleaning up.
 * @throws {CommandError} when the path can't hold one, another process listens there, or the file is no socket
 */
export async function clearSocketPath(path: string): Promise<void> {
  const shown = formatSafe(path, 160);
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw createMistake(
      `Cannot listen on ${shown}: the path has ${bytes} bytes, a Unix socket's at most ${MAX_PATH_BYTES}; choose a shorter one`,
    );
  }
  // Asked beforehand: libuv reports a missing folder as EACCES when it binds.
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw createFailure(`Cannot listen on ${shown}: there is no folder ${formatSafe(folder, 160)}; make it first`);
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isSocket())
    throw createFailure(`Cannot listen on ${shown}: a file is there that is no socket; choose another path`);
  const fault = await findConnectFault(path);
  if (fault === undefined) {
    throw createFailure(`Cannot listen on ${shown}: another process does; end it or choose another path`);
  }
  if (fault !== 'ECONNREFUSED')
    throw createFailure(`Cannot listen on ${shown}: its file is there, and the system says ${fault}; remove it`);
  try {
    unlinkSync(path);
  } catch (error) {
    throw createFailure(
      `Cannot listen on ${shown}: a dead socket is there, and the system says ${findErrorCode(error)}; remove it`,
    );
  }
}

/** Undefined when somebody listens. */
function findConnectFault(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(findErrorCode(error) ?? 'no'));
  });
}
