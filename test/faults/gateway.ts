import { until } from '../support/until.ts';
import { type Child, startChild } from './child.ts';
import type { Programs } from './programs.ts';
import type { Scope } from './scope.ts';

/** `message-flow gateway`, which a balancer may lead screens to. */
export interface Gateway {
  readonly port: number;
  /** Starts it, or starts it again, and resolves once it listens. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Within what time screens leave a gateway that is to end, in milliseconds. */
export const DRAIN_WINDOW_MS = 8_000;
/** How often a gateway of a run gives signs of life, and how long it waits for one: soon, as a run has some seconds. */
export const SIGNS = { heartbeatMs: 2_000, pingIntervalMs: 2_000, silenceTimeoutMs: 6_000 };
const ARGS = [
  ...['--development', '--log-level', 'error', '--drain-window', `${DRAIN_WINDOW_MS}ms`],
  ...['--heartbeat', `${SIGNS.heartbeatMs}ms`, '--ping-interval', `${SIGNS.pingIntervalMs}ms`],
  ...['--silence-timeout', `${SIGNS.silenceTimeoutMs}ms`],
];

const START_TIMEOUT_MS = 60_000;

/** Makes a gateway that does not run yet; it ends with the scope. */
export function createGateway(scope: Scope, { main }: Programs, options: { port: number; broker: string }): Gateway {
  const { port, broker } = options;
  let child: Child | undefined;
  return {
    port,
    async start(env = {}) {
      const args = ['gateway', '--port', `${port}`, '--broker', broker, ...ARGS];
      const started = startChild(scope, { file: main, args, env });
      child = started;
      await until(
        () => started.output.includes('"listening"') || !started.isRunning,
        'a gateway to listen',
        START_TIMEOUT_MS,
      );
      if (!started.isRunning) throw new Error(`Cannot start a gateway: it ended, and said:\n${started.output}`);
    },
    end: async (signal) => child?.end(signal),
    signal: (signal) => child?.signal(signal),
  };
}
