/** Makes what the pool needs in the folder it is called in: log/, run/, the secrets, and what nginx is to listen on. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { clearSocketPath } from 'message-flow/backend';

const { PORT = '5000', HOST = '127.0.0.1' } = process.env;

try {
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65_535) throw new RangeError(`PORT is "${PORT}", it must be a port`);
  if (!/^[\w.:-]+$/.test(HOST)) throw new RangeError(`HOST is "${HOST}", it must be an address`);
  mkdirSync('log', { recursive: true });
  mkdirSync('run', { recursive: true, mode: 0o700 });
  await clearSocketPath(resolve('run/supervisor.sock'));
  await tryPort();
  for (const name of ['secret', 'publish-key']) makeSecret(join('run', name));
  writeFileSync('run/listen.conf', `listen ${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT};\n`);
  // A link and no copy, so that what is edited is what runs; nginx looks for what it includes beside the link.
  rmSync('run/nginx.conf', { force: true });
  symlinkSync(join(import.meta.dirname, 'nginx.conf'), 'run/nginx.conf');
  console.log(
    `== the pool: http://${HOST === '127.0.0.1' ? 'localhost' : HOST}:${PORT}, its logs in log/, until Ctrl-C`,
  );
} catch (error) {
  console.error(`Cannot start the pool in ${process.cwd()}: ${error.message}`);
  process.exitCode = 1;
}

/** Tried by us, because nginx says in its log alone what is wrong with a port. */
async function tryPort() {
  const server = createServer().listen(Number(PORT), HOST);
  await once(server, 'listening'); // rejects when it can't
  await new Promise((done) => server.close(done));
}

/** Random text that only this user can read; one that is there stays. */
function makeSecret(path) {
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
}
