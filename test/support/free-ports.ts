import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Where outgoing connections get no ports (Linux gives them from 32,768 on): a server that is started, or started again, a moment
 * later still finds its own free, however many connections a test has.
 */
const [LOWEST, HIGHEST] = [20_000, 30_000];

/** Gives ports of this machine that are free right now. */
export async function findFreePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(Array.from({ length: count }, listen));
  const ports = listeners.map((listener) => (listener.address() as { port: number }).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}

/** Gives a port of this machine that is free right now. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  return port as number;
}

async function listen(): Promise<Server> {
  for (;;) {
    const listener = createServer().listen(randomInt(LOWEST, HIGHEST), '127.0.0.1');
    try {
      await once(listener, 'listening');
      return listener;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
