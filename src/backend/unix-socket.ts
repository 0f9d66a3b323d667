import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Longest path of a Unix socket, in bytes. unix(7): sun_path has 108, the last is the end's mark. */
const MAX_PATH_BYTES = 107;
/** What a message shows of a path, in characters. */
const MAX_SHOWN = 160;

/**
 * Why a path can't hold a Unix socket; the message says what to do.
 * - `too-long`: it has more than 107 bytes.
 * - `no-folder`: the folder it is in does not exist.
 * - `no-socket`: a file of another kind is there.
 * - `in-use`: a process listens there.
 * - `not-removable`: a socket that nobody listens at is there, and the system does not let it be replaced.
 */
export type SocketPathErrorCode = 'too-long' | 'no-folder' | 'no-socket' | 'in-use' | 'not-removable';

/** A path that can't hold a Unix socket. */
export class SocketPathError extends Error {
  override readonly name = 'SocketPathError';
  readonly code: SocketPathErrorCode;

  constructor(code: SocketPathErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Makes room for a Unix socket, before a server listens at its path: removes the file that a process left behind that ended
 * without cleaning up. Of a path that can't hold a socket it says why, which `listen` does not.
 * @throws {SocketPathError} when the path can't hold one, another process listens there, or the file is no socket
 */
export async function clearSocketPath(path: string): Promise<void> {
  const action = `Cannot listen on ${path.slice(0, MAX_SHOWN)}`;
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    const limit = `the path has ${bytes} bytes, a Unix socket's at most ${MAX_PATH_BYTES}; choose a shorter one`;
    throw new SocketPathError('too-long', `${action}: ${limit}`);
  }
  // Asked beforehand: libuv reports a missing folder as EACCES when it binds.
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new SocketPathError(
      'no-folder',
      `${action}: there is no folder ${folder.slice(0, MAX_SHOWN)}; make it first`,
    );
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isSocket()) {
    throw new SocketPathError('no-socket', `${action}: a file is there that is no socket; choose another path`);
  }
  const fault = await findConnectFault(path);
  if (fault === undefined) {
    throw new SocketPathError('in-use', `${action}: another process does; end it or choose another path`);
  }
  if (fault !== 'ECONNREFUSED') {
    throw new SocketPathError('not-removable', `${action}: its file is there, and the system says ${fault}; remove it`);
  }
  try {
    unlinkSync(path);
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code;
    const message = `${action}: a dead socket is there, and the system says ${said}; remove it`;
    throw new SocketPathError('not-removable', message, { cause });
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
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'no'));
  });
}
