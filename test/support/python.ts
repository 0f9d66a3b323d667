import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A virtual environment with a list of packages, in a temporary folder. */
export interface Python {
  /** Where its programs are. */
  readonly bin: string;
  /** Runs a piece of code in a folder, and resolves with what it printed. */
  run(code: string, folder: string, env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

/** Makes a virtual environment and installs what a requirements.txt lists: about 20 s, so once a test file. */
export async function createPython(requirements: string): Promise<Python> {
  const folder = await mkdtemp(join(tmpdir(), 'python-'));
  const bin = join(folder, 'bin');
  const run = promisify(execFile);
  await run('python3', ['-m', 'venv', folder]);
  await run(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);
  return {
    bin,
    async run(code, cwd, env = {}) {
      const { stdout } = await run(join(bin, 'python'), ['-B', '-c', code], { cwd, env });
      return stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
