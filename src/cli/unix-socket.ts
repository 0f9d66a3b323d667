import { clearSocketPath as clear, SocketPathError } from '../backend/index.ts';
import { createFailure, createMistake } from './command-error.ts';
import { escapeControls } from './safe-text.ts';

/**
 * Makes room for a Unix socket: removes the file that a process left behind that ended without cleaning up.
 * @throws {CommandError} when the path can't hold one, another process listens there, or the file is no socket
 */
export async function clearSocketPath(path: string): Promise<void> {
  try {
    await clear(path);
  } catch (error) {
    if (!(error instanceof SocketPathError)) throw error;
    const message = escapeControls(error.message);
    throw error.code === 'too-long' ? createMistake(message) : createFailure(message, error);
  }
}
