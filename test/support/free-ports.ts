import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Where outgoing connections get no ports (Linux gives them from 32,768 on): a server that is started, or started again, a moment
 * later still finds its own free, however many connections a test has.
 */
const [LOWEST, HIGHEST] = [20_000, 30_000];

/**
 * So many workers of Vitest have ports of their own: between a port being found and its server listening there, or while that
 * one is started again, no other worker can take it.
 */
const WORKERS = 8;

/** What was given is free again while its server is away, and not to be given once more. */
const given = new Set<number>();

/** Gives ports of this machine that are free right now, none of them twice. */
export async function findFreePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, listen));
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map(close));
  return ports;
}

/** Gives a port of this machine that is free right now. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  return port as number;
}

/** Gives a port of this machine that is free right now, as the next one is. */
export async function findFreePair(): Promise<number> {
  for (;;) {
    const port = drawPair();
    const listeners = [await tryListen(port), await tryListen(port + 1)];
    await Promise.all(listeners.map((listener) => listener && close(listener)));
    if (listeners.every(Boolean)) return port;
  }
}

async function listen(): Promise<Server> {
  for (;;) {
    const listener = await tryListen(drawPair() + randomInt(2));
    if (listener) return listener;
  }
}

/** The first of two ports that this worker may use. */
function drawPair(): number {
  const worker = Number(process.env.VITEST_POOL_ID ?? randomInt(WORKERS)) % WORKERS;
  return LOWEST + 2 * (randomInt((HIGHEST - LOWEST) / 2 / WORKERS) * WORKERS + worker);
}

/** Listens at a port, unless it was given before or somebody does. */
async function tryListen(port: number): Promise<Server | undefined> {
  if (given.has(port)) return undefined;
  given.add(port);
  const listener = createServer().listen(port, '127.0.0.1');
  try {
    await once(listener, 'listening');
    return listener;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return undefined;
  }
}

async function close(listener: Server): Promise<void> {
  await once(listener.close(), 'close');
}
