import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from './until.ts';

const START_TIMEOUT_MS = 60_000;
/** Where Debian has each version's programs; they are not on the path. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';
/** Debian's user `nobody` and its group. */
const NOBODY = 65_534;

/** Debian's PostgreSQL as a process of its own, on a Unix socket, with a data folder of its own. */
export interface PostgresServer {
  /** The socket's folder, which `pg` takes as a host. */
  readonly host: string;
  createPool(): pg.Pool;
  /** Ends it as a fallen machine would, and starts it again. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Starts a server. It refuses to run as root, so as root it is started as `nobody`. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'message-flow-postgres-'));
  const data = join(folder, 'data');
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  chmodSync(folder, 0o755);
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const options = { ...as, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  let child: ChildProcess | undefined;
  let output = '';

  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  execFileSync(findProgram('initdb'), init, { ...options, stdio: 'pipe' });

  function createPool(): pg.Pool {
    const pool = new pg.Pool({
      host: folder,
      user: 'postgres',
      database: 'postgres',
      connectionTimeoutMillis: 20_000,
      query_timeout: 20_000,
    });
    pool.on('error', () => {}); // the server fell: the next query says so
    return pool;
  }

  async function start(): Promise<void> {
    const args = ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=40'];
    child = spawn(findProgram('postgres'), args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    const pool = createPool();
    try {
      await until(
        async () => {
          if (child?.exitCode !== null) throw new Error(`Cannot start PostgreSQL: it exited, and said:\n${output}`);
          return (await pool.query('SELECT 1').catch(() => undefined))?.rowCount === 1;
        },
        'PostgreSQL to answer',
        START_TIMEOUT_MS,
      );
    } finally {
      await pool.end();
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  await start();
  return {
    host: folder,
    createPool,
    async restart() {
      await end('SIGQUIT'); // at once, without a word to its clients; what was committed is in its log
      await start();
    },
    async remove() {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findProgram(name: string): string {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a)) : [];
  const paths = versions.map((version) => join(DEBIAN_FOLDER, version, 'bin', name));
  return paths.find((path) => existsSync(path)) ?? name;
}
