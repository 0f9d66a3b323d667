import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../support/free-ports.ts';

const PREPARE = join(import.meta.dirname, '../../deploy/prepare.js');

/** What is done before supervisord starts: how it ended, and what it said. */
async function prepare(cwd: string, env: Record<string, string> = {}): Promise<{ failed: boolean; said: string }> {
  const PORT = String(await findFreePort());
  return await new Promise((resolve) => {
    execFile(process.execPath, [PREPARE], { cwd, env: { PORT, ...env } }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, said: stdout + stderr });
    });
  });
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'start-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('secrets are made once, for their owner alone', async () => {
  const folder = await createFolder();
  const read = () => Promise.all(['secret', 'publish-key'].map((name) => readFile(join(folder, 'run', name), 'utf8')));
  await prepare(folder);
  const first = await read();
  await prepare(folder);
  expect(await read()).toEqual(first);
  expect(first.map((secret) => secret.trim().length)).toEqual([43, 43]);
  expect((await stat(join(folder, 'run/secret'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700);
});

test('nginx is told to listen where it is said', async () => {
  const folder = await createFolder();
  const PORT = String(await findFreePort());
  const read = () => readFile(join(folder, 'run/listen.conf'), 'utf8');
  await prepare(folder, { PORT });
  expect(await read()).toBe(`listen 127.0.0.1:${PORT};\n`);
  await prepare(folder, { HOST: '::1', PORT });
  expect(await read()).toBe(`listen [::1]:${PORT};\n`);
});

test('a port that is taken is named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  onTestFinished(() => new Promise((resolve) => other.close(() => resolve())));
  const { port } = other.address() as AddressInfo;
  const { failed, said } = await prepare(await createFolder(), { PORT: String(port) });
  expect([failed, said]).toEqual([true, expect.stringContaining(`address already in use 127.0.0.1:${port}`)]);
});

test.each(['80; return 200', '70000', 'http'])('the port %j is refused', async (PORT) => {
  const { failed, said } = await prepare(await createFolder(), { PORT });
  expect([failed, said]).toEqual([true, expect.stringContaining(`PORT is "${PORT}", it must be`)]);
});

test('a folder whose path leaves no room for a socket is named with its mend', async () => {
  const folder = join(await createFolder(), 'x'.repeat(100));
  await mkdir(folder);
  const { failed, said } = await prepare(folder);
  expect([failed, said]).toEqual([true, expect.stringContaining("a Unix socket's at most 107; choose a shorter one")]);
});

test('a second pool in one folder is refused', async () => {
  const folder = await createFolder();
  await prepare(folder);
  const first = createServer().listen(join(folder, 'run/supervisor.sock'));
  await new Promise((resolve) => first.once('listening', resolve));
  onTestFinished(() => new Promise((resolve) => first.close(() => resolve())));
  const { failed, said } = await prepare(folder);
  expect([failed, said]).toEqual([true, expect.stringContaining('another process does; end it')]);
});
